/** The tool that a person holds, and what becomes of it. */
import type { MessageView, NodeView } from '../core/core';
import { TOOLS, type Tool, toolOfKey, useOn } from '../drawing/tools';
import type { Session } from './session.svelte';

/** What the tools for messages do. */
const ON_MESSAGE: Record<string, 'drop' | 'duplicate' | 'deliver'> = {
  copy: 'duplicate',
  lose: 'drop',
  hurry: 'deliver',
};

export class Tray {
  held: Tool | undefined = $state.raw();
  /** The way in which it is used. */
  way = $state('');
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  readonly tools = TOOLS;

  pickUp(tool: Tool): void {
    this.held = tool;
    this.way = tool.ways?.[0]?.id ?? '';
  }

  putDown(): void {
    this.held = undefined;
  }

  /** A tool that is held already is put down. */
  toggle(tool: Tool): void {
    if (this.held?.id === tool.id) this.putDown();
    else this.pickUp(tool);
  }

  /** What a key means; undefined when it means no tool. */
  onKey(key: string): (() => void) | undefined {
    const tool = toolOfKey(key);
    if (tool === undefined) return undefined;
    const node = this.#session.selectedNode;
    if (this.held === undefined && tool.atOnce && node) return () => void this.use(tool, node);
    return () => {
      if (this.held?.id === tool.id && tool.ways !== undefined) this.#next(tool.ways);
      else this.toggle(tool);
    };
  }

  #next(ways: readonly { id: string }[]): void {
    const at = ways.findIndex((way) => way.id === this.way);
    this.way = ways[(at + 1) % ways.length]?.id ?? '';
  }

  /** True when the held tool took it; otherwise it means what it means without a tool. */
  useOnServer(node: NodeView): boolean {
    const tool = this.held;
    if (tool?.on !== 'server') return false;
    void this.use(tool, node, this.way);
    return true;
  }

  useOnMessage(message: MessageView): boolean {
    const tool = this.held;
    if (tool?.on !== 'message') return false;
    void this.#session.act({ do: ON_MESSAGE[tool.id] ?? 'drop', message: message.id });
    return true;
  }

  async use(tool: Tool, node: NodeView, way = tool.ways?.[0]?.id ?? ''): Promise<void> {
    const session = this.#session;
    const actions = useOn(tool, way, {
      node,
      detail: session.details.find((known) => known.id === node.id),
      servers: session.nodes.length,
      cuts: session.cuts,
    });
    if (typeof actions === 'string') {
      session.notice = actions;
      return;
    }
    for (const action of actions) if (!(await session.act(action))) return;
  }
}
