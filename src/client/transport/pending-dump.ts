/** What both transports do with a dump or a scan that is being received: it ends once, and counts as a pending call until then. */
import type { KvError } from '../../errors.js';
import type { DumpListener, DumpStream, Subject } from './node-transport.js';

/** The stream that it comes on. */
interface Source {
  pause(): void;
  resume(): void;
  cancel(): void;
}

/**
 * @param pending the calls of the transport, each by the function that lets it fail
 * @param subject see `Subject`. Undefined: no other node can answer instead
 * @param open opens the stream. It reports to the listener that it is given, whose `onEnd` may be called more than once.
 */
export function pendingDump(
  { onMessage, onEnd }: DumpListener,
  pending: Map<(error: KvError) => void, Subject | undefined>,
  subject: Subject | undefined,
  open: (listener: DumpListener) => Source,
): DumpStream {
  let isOver = false;
  const end = (error: KvError | undefined): void => {
    pending.delete(fail);
    if (isOver) return;
    isOver = true;
    onEnd(error);
  };
  const fail = (error: KvError): void => {
    end(error);
    source.cancel();
  };
  const take = (message: Buffer): void => {
    if (!isOver) onMessage(message);
  };
  const source = open({ onMessage: take, onEnd: end });
  if (!isOver) pending.set(fail, subject);
  const cancel = (): void => {
    isOver = true;
    pending.delete(fail);
    source.cancel();
  };
  return { pause: () => source.pause(), resume: () => source.resume(), cancel };
}
