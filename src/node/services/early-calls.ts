/**
 * Unary calls that come before the node is live: it takes its port before it knows whether it may start, and a stock client connects
 * as soon as the port is there. A call whose caller waits is kept until the node is live; any other is refused at once.
 */
import type { ServerUnaryCall } from '@grpc/grpc-js';
import { KvError } from '../../errors.js';
import { callWaits } from '../../wire/contract/call-wait.js';
import { singleCallWaitMs } from '../operations/api-traits.js';
import { wasForwarded } from '../operations/forwarder.js';
import { keepableMs } from '../operations/try-again.js';
import { callRemainingMs, valueBytesOf } from '../operations/unary-server.js';

const maxCalls = 1_024;
/** Bytes of values in calls that are kept: a node that starts holds nothing else. */
const maxBytes = 8 * 1024 * 1024;

type Call = Pick<ServerUnaryCall<object, object>, 'request' | 'metadata' | 'getDeadline' | 'once'>;

interface EarlyCall {
  readonly bytes: number;
  readonly run: () => void;
  readonly late: NodeJS.Timeout;
}

/** Definitely not executed. */
export function startingRefusal(): KvError {
  return new KvError('NO_PRIMARY', 'this node is starting');
}

export class EarlyCalls {
  readonly #calls = new Set<EarlyCall>();
  #bytes = 0;

  /** `run` is called once the node is live, or else `refuse`, definitely not executed. */
  judge(call: Call, run: () => void, refuse: (refusal: KvError) => void): void {
    const refusal = startingRefusal();
    const { request, metadata } = call;
    const bytes = valueBytesOf(request);
    const isFull = this.#calls.size >= maxCalls || this.#bytes + bytes > maxBytes;
    if (isFull || wasForwarded(metadata) || !callWaits(metadata)) return refuse(refusal);
    const late = setTimeout(
      () => {
        if (this.#remove(early)) refuse(refusal);
      },
      keepableMs(callRemainingMs(call) ?? singleCallWaitMs),
    );
    const early: EarlyCall = { bytes, run, late };
    this.#calls.add(early);
    this.#bytes += bytes;
    call.once('cancelled', () => this.#remove(early));
  }

  /** The node is live. */
  runAll(): void {
    for (const early of [...this.#calls]) if (this.#remove(early)) early.run();
  }

  #remove(early: EarlyCall): boolean {
    if (!this.#calls.delete(early)) return false;
    clearTimeout(early.late);
    this.#bytes -= early.bytes;
    return true;
  }
}
