/**
 * A session as the fragment of a link: `#s1=<scenario, deflated, base64url>&t=<µs>&n=<step>`.
 * The number after `s` is the version of this form; the scenario has a version of its own.
 */
import { deflateSync, Inflate, strFromU8, strToU8 } from 'fflate';

/** What a link holds: a scenario file and the moment to open it at. */
export interface Shared {
  toml: string;
  /** The beginning when absent. */
  time: number | undefined;
  step: number | undefined;
}

/** The longest fragment that is looked at, in characters. */
export const LINK_MOST = 64 << 10;
/** The longest scenario, in bytes, in a link or a file. */
export const SCENARIO_MOST = 256 << 10;

const VERSION = 1;
const kib = (bytes: number): string => `${Math.ceil(bytes / 1024)} KiB`;

export function toFragment(shared: Shared): string {
  const packed = deflateSync(strToU8(shared.toml), { level: 9 });
  let binary = '';
  for (const byte of packed) binary += String.fromCharCode(byte);
  const text = btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const step = shared.step === undefined ? '' : `&n=${shared.step}`;
  const time = shared.time === undefined ? '' : `&t=${Math.floor(shared.time)}`;
  const fragment = `#s${VERSION}=${text}${time}${step}`;
  if (fragment.length > LINK_MOST) {
    throw new Error(
      `this session is too long for a link (${kib(fragment.length)}, at most ${kib(LINK_MOST)}); save it as a file instead`,
    );
  }
  return fragment;
}

/**
 * Reads a fragment; undefined when it holds no session.
 * @throws Error that says what is wrong with the link.
 */
export function fromFragment(fragment: string): Shared | undefined {
  if (fragment.length < 2) return undefined;
  if (fragment.length > LINK_MOST) {
    throw new Error(
      `the link is too long: ${kib(fragment.length)} where at most ${kib(LINK_MOST)} are read`,
    );
  }
  const found = /^#s(\d{1,9})=([^&]*)((?:&.*)?)$/s.exec(fragment);
  if (found === null) {
    throw new Error(
      `the link holds no session: it must begin with #s${VERSION}=, but begins with ${fragment.slice(0, 24)}`,
    );
  }
  const [, version = '', text = '', rest = ''] = found;
  if (Number(version) !== VERSION) {
    throw new Error(
      `the link is of version ${version}; this page reads version ${VERSION}. A newer Flotilla may have made it: reload the page, or open the link where it was made`,
    );
  }
  const where = new URLSearchParams(rest);
  return {
    toml: inflate(bytes(text)),
    time: whole('t', where.get('t')),
    step: whole('n', where.get('n')),
  };
}

/** Refuses a file by its size, before it is read. */
export function checkFileSize(name: string, size: number): void {
  if (size > SCENARIO_MOST) {
    throw new Error(
      `${name} is too large: ${kib(size)} where a scenario has at most ${kib(SCENARIO_MOST)}`,
    );
  }
}

function whole(name: string, text: string | null): number | undefined {
  if (text === null) return undefined;
  if (!/^\d{1,15}$/.test(text)) {
    throw new Error(`the link's ${name} must be a whole number of up to 15 digits, but is ${text}`);
  }
  return Number(text);
}

function bytes(text: string): Uint8Array {
  const bad = /[^A-Za-z0-9_-]/.exec(text);
  if (bad !== null) {
    throw new Error(
      `the link is damaged: character ${bad.index + 1} of the session is ${JSON.stringify(bad[0])}, which no link contains`,
    );
  }
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
  } catch {
    throw new Error('the link is damaged: part of it is missing');
  }
}

/** Inflates piece by piece, so that a small link cannot become a huge text. */
function inflate(packed: Uint8Array): string {
  const parts: Uint8Array[] = [];
  let size = 0;
  let whole = false;
  const stream = new Inflate((part, last) => {
    size += part.length;
    if (size > SCENARIO_MOST) throw new TooLarge();
    parts.push(part.slice());
    whole = last;
  });
  try {
    const piece = 256;
    for (let at = 0; at < packed.length; at += piece) {
      stream.push(packed.subarray(at, at + piece), at + piece >= packed.length);
    }
  } catch (error) {
    if (error instanceof TooLarge) {
      throw new Error(
        `the link unfolds to more than ${kib(SCENARIO_MOST)}, the most that a scenario may have`,
      );
    }
    throw new Error('the link is damaged: it cannot be unfolded. Was it copied to its end?');
  }
  if (!whole || size === 0) {
    throw new Error('the link is damaged: it ends too early. Was it copied to its end?');
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return strFromU8(all);
}

class TooLarge extends Error {}
