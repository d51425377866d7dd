/** Serves an rpc with one request over frames: a message of the client, and then one or more of the node. */
import { KvError } from '../../errors.js';
import type { FrameStream } from '../../transport/index.js';
import type { FrameHandler } from './frame-server.js';

/** What follows a request. */
export interface Served {
  onDrain(): void;
  onClosed(): void;
}

/** From the acceptance until the request has come. The limit is that of the opening. */
const requestTimeoutMs = 10_000;

/**
 * @param decode throws if the message is not a request.
 * @param serve called once, with the request. It sends answers and ends the stream. @returns what follows, if anything.
 */
export function oneRequest<Request>(
  decode: (message: Buffer) => Request,
  serve: (request: Request, stream: FrameStream) => Served | undefined,
): FrameHandler {
  return (accept, _refuse, onCut) => {
    let isRequested = false;
    let served: Served | undefined;
    const refuse = (reason: 'silent' | 'malformed', message: string): void => {
      onCut(reason);
      stream.fail(new KvError('INVALID_ARGUMENT', message, { executed: isRequested ? 'unknown' : 'no' }));
    };
    const timer = setTimeout(() => refuse('silent', 'no request came'), requestTimeoutMs);
    const stream = accept({
      onFrame: (message) => {
        if (isRequested) return refuse('malformed', 'this rpc has one request');
        let request: Request;
        try {
          request = decode(message);
        } catch {
          return refuse('malformed', 'the message is no request of this rpc');
        }
        isRequested = true;
        clearTimeout(timer);
        served = serve(request, stream);
      },
      onDrain: () => served?.onDrain(),
      onEnd: () => {
        if (!isRequested) refuse('malformed', 'the client sent no request');
      },
      onClosed: () => {
        clearTimeout(timer);
        served?.onClosed();
      },
    });
  };
}
