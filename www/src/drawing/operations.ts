/** What a client can be asked to do: the names, which fields each needs, and the request itself. */
import type { Operation, ReadPath } from '../core/core';

export type Verb = Operation['do'];

/** Everything that can be filled in, whatever of it the chosen operation takes. */
export interface Fields {
  key: string;
  /** Keys, with spaces between. */
  keys: string;
  value: string;
  /** In milliseconds; for ever when empty. */
  ttl: number | null;
  /** The version that the key must have; it must be absent when empty. */
  expected: number | null;
  add: number;
  prefix: string;
  after: string;
  limit: number;
  /** The server to ask; 0 for any. */
  node: number;
  path: ReadPath;
}

export const VERBS: { id: Exclude<Verb, 'batch'>; name: string; takes: (keyof Fields)[] }[] = [
  { id: 'put', name: 'put', takes: ['key', 'value', 'ttl'] },
  { id: 'get', name: 'get', takes: ['key', 'node', 'path'] },
  { id: 'delete', name: 'delete', takes: ['key'] },
  { id: 'touch', name: 'touch', takes: ['key', 'ttl'] },
  { id: 'compare_and_swap', name: 'swap', takes: ['key', 'expected', 'value', 'ttl'] },
  { id: 'increment', name: 'increment', takes: ['key', 'add'] },
  { id: 'get_many', name: 'get many', takes: ['keys', 'node', 'path'] },
  { id: 'list', name: 'list', takes: ['prefix', 'after', 'limit', 'node', 'path'] },
];

export const reads = (verb: Verb): boolean =>
  verb === 'get' || verb === 'get_many' || verb === 'list';

/** The request that the fields make. `alone` is false for one of a batch, which goes through the log. */
export function request(verb: Verb, fields: Fields, alone = true): Operation {
  const { key, value } = fields;
  const living = fields.ttl === null ? {} : { ttl: `${fields.ttl}ms` };
  const way = alone ? { path: fields.path, ...(fields.node > 0 ? { node: fields.node } : {}) } : {};
  switch (verb) {
    case 'put':
      return { do: verb, key, value, ...living };
    case 'touch':
      return { do: verb, key, ...living };
    case 'compare_and_swap': {
      const expected = fields.expected === null ? {} : { expected: fields.expected };
      return { do: verb, key, value, ...expected, ...living };
    }
    case 'increment':
      return { do: verb, key, add: fields.add };
    case 'get':
      return { do: verb, key, ...way };
    case 'get_many':
      return { do: verb, of: fields.keys.split(/\s+/).filter((name) => name !== ''), ...way };
    case 'list': {
      const after = fields.after === '' ? {} : { after: fields.after };
      return { do: verb, prefix: fields.prefix, limit: fields.limit, ...after, ...way };
    }
    default:
      return { do: 'delete', key };
  }
}

/** A request in few words. */
export function words(operation: Operation): string {
  const name = VERBS.find((known) => known.id === operation.do)?.name ?? operation.do;
  if (operation.do === 'batch') return `batch of ${operation.operations.length}`;
  if (operation.do === 'get_many') return `${name} ${operation.of.join(' ')}`;
  if (operation.do === 'list') return `${name} ${operation.prefix}*`;
  if (operation.do === 'increment') return `${name} ${operation.key} by ${operation.add}`;
  return 'value' in operation
    ? `${name} ${operation.key} = ${operation.value}`
    : `${name} ${operation.key}`;
}
