/** A scan of what one node stores of a shard. If it breaks off, the caller begins again. */
import { KvError } from '../../errors.js';
import { type ScanCopyRequest, type ScanCopyResponse, scanCopyResponseTable } from '../../wire/copies/copy-messages.js';
import { MalformedMessage } from '../../wire/protobuf/protobuf-reader.js';
import type { CallOptions } from '../call-limits.js';
import type { ClientCore } from '../client-core.js';
import { DumpMessages } from './dump-messages.js';

export async function* scanCopy(
  core: ClientCore,
  address: string,
  request: ScanCopyRequest,
  options: CallOptions,
): AsyncGenerator<ScanCopyResponse, void> {
  const messages = await core.ask(
    address,
    (to, within) => DumpMessages.open((listener) => to.scanCopy(request, listener), within),
    core.limitsOf(options),
  );
  try {
    for (;;) {
      const message = decode(await messages.next(core.limitsOf(options)));
      yield message;
      if (message.done) return;
    }
  } finally {
    messages.close();
  }
}

function decode(message: Buffer): ScanCopyResponse {
  try {
    return scanCopyResponseTable.decode(message);
  } catch (cause) {
    if (!(cause instanceof MalformedMessage)) throw cause;
    throw new KvError('INTERNAL', 'the node sent what is no part of a scan', { cause });
  }
}
