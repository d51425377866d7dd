/** A dump of one shard from its primary. If the dump breaks off, as when the primary is replaced, it begins again from the start. */
import { setTimeout as pause } from 'node:timers/promises';
import { KvError } from '../../errors.js';
import { type DumpPart, readDumpPart } from '../../wire/dump/dump-parts.js';
import { MalformedMessage } from '../../wire/protobuf/protobuf-reader.js';
import type { ClientCore } from '../client-core.js';
import type { SendToNode } from '../node-queries.js';
import type { DumpOptions } from '../results.js';
import { backoffMs, mayRetry } from '../retry/retry-rule.js';
import { DumpMessages } from './dump-messages.js';

/** How often a dump may break off after its beginning before the call fails. */
const maxBreaks = 8;

export async function* dumpShard(core: ClientCore, shard: number, options: DumpOptions): AsyncGenerator<DumpPart, void> {
  const request = { shard, maxBytesPerSecond: rateOf(options) };
  for (let breaks = 0; ; ) {
    const send: SendToNode<DumpMessages> = (to, within) =>
      DumpMessages.open((listener) => to.dumpShard(request, listener), within);
    const messages = await core.run({ access: 'read', shard, bytes: 0, send }, core.limitsOf(options));
    try {
      for (;;) {
        const part = decode(await messages.next(core.limitsOf(options)));
        if (part === undefined) continue;
        yield part;
        if (part.type === 'end') return;
      }
    } catch (error) {
      breaks += 1;
      if (!(error instanceof KvError) || !mayRetry('read', error) || options.signal?.aborted || breaks === maxBreaks) throw error;
    } finally {
      messages.close();
    }
    await pause(backoffMs(breaks, Math.random()));
  }
}

function rateOf({ maxBytesPerSecond = 0 }: DumpOptions): number {
  if (Number.isSafeInteger(maxBytesPerSecond) && maxBytesPerSecond >= 0) return maxBytesPerSecond;
  throw new KvError('INVALID_ARGUMENT', `maxBytesPerSecond must be a whole number from 0, not ${maxBytesPerSecond}`);
}

function decode(message: Buffer): DumpPart | undefined {
  try {
    return readDumpPart(message);
  } catch (cause) {
    if (!(cause instanceof MalformedMessage)) throw cause;
    throw new KvError('INTERNAL', 'the node sent what is no part of a dump', { cause });
  }
}
