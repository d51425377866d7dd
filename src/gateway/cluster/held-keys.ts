/** Lists the keys that a node holds, a page at a time, one shard after the other. */
import { KvError } from '../../errors.js';

export interface ListedKey {
  readonly key: string;
  readonly version: number;
  readonly valueBytes: number;
  readonly expiresInMs?: number;
}

/** Reads a page of the keys of one shard that follow `after`; `nextAfter` is empty with the last page. */
export type KeyPages = (request: { readonly shard: number; readonly after: string; readonly limit: number }) => Promise<{
  readonly keys: readonly ListedKey[];
  readonly nextAfter: string;
}>;

export interface HeldKeys {
  readonly keys: readonly (ListedKey & { readonly shard: number })[];
  /** The cursor of the next page; undefined with the last page. */
  readonly next?: string;
}

/** Limits the calls for one page. A page may therefore have fewer keys than requested without being the last. */
const maxShardPages = 16;

interface Position {
  readonly shard: number;
  readonly after: string;
}

/** @param shards the shards that the node holds now; a shard that it no longer holds is left out. @throws KvError INVALID_ARGUMENT */
export async function heldKeys(
  shards: readonly number[],
  { limit, cursor }: { readonly limit: number; readonly cursor: string | undefined },
  listKeys: KeyPages,
): Promise<HeldKeys> {
  const from = cursor === undefined ? { shard: 0, after: '' } : positionOf(cursor);
  const ahead = [...shards].filter((shard) => shard >= from.shard).sort((one, other) => one - other);
  const keys: HeldKeys['keys'][number][] = [];
  let position: Position | undefined = nextOf(ahead, from);
  if (limit === 0) return { keys };
  for (let pages = 0; position !== undefined && keys.length < limit && pages < maxShardPages; pages++) {
    const { shard, after }: Position = position;
    const page = await listKeys({ shard, after, limit: limit - keys.length }).catch(lastIfReleased);
    for (const { key, version, valueBytes, expiresInMs } of page.keys)
      keys.push({ shard, key, version, valueBytes, ...(expiresInMs !== undefined && { expiresInMs }) });
    position = page.nextAfter === '' ? nextOf(ahead, { shard: shard + 1, after: '' }) : { shard, after: page.nextAfter };
  }
  return position === undefined ? { keys } : { keys, next: cursorOf(position) };
}

function nextOf(ahead: readonly number[], { shard, after }: Position): Position | undefined {
  const next = ahead.find((held) => held >= shard);
  if (next === undefined) return undefined;
  return { shard: next, after: next === shard ? after : '' };
}

function lastIfReleased(error: unknown): Awaited<ReturnType<KeyPages>> {
  if (error instanceof KvError && error.code === 'NOT_PRIMARY') return { keys: [], nextAfter: '' };
  throw error;
}

function cursorOf({ shard, after }: Position): string {
  return `${shard}.${Buffer.from(after).toString('base64url')}`;
}

function positionOf(cursor: string): Position {
  const [, shard, after] = (typeof cursor === 'string' && /^(\d{1,6})\.([A-Za-z0-9_-]{0,1400})$/.exec(cursor)) || [];
  if (after === undefined) throw new KvError('INVALID_ARGUMENT', 'cursor must be "next" of the page before, unchanged');
  return { shard: Number(shard), after: Buffer.from(after, 'base64url').toString() };
}
