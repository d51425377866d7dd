/**
 * Decides when the operations of a client are sent, on all its streams together (Nagle, RFC 896, for several connections).
 *
 * A message costs as much as some 30 operations. If keys are spread over nodes, the results of one node allow new operations to
 * all nodes. If each were sent at once, messages would become smaller and smaller, and every node would be busy with messages. So a
 * few new operations behind many unanswered ones wait until those are answered, or for a round trip at most, and then all streams
 * send at once.
 */

/** A stream to one node, as far as rounds are concerned. */
export interface Sender {
  /** Operations that wait to be sent, and operations in flight; both 0 while the stream is blocked. */
  readonly unsent: number;
  readonly unanswered: number;
  /** The smoothed round-trip time; 0 while it is unknown. */
  readonly roundTripMs: number;
  sendWaiting(): void;
}

const minHoldMs = 1;
const maxHoldMs = 10;
/** With fewer operations in flight, new ones do not wait. */
const minUnanswered = 32;
/**
 * New operations do not wait either if this many wait for each stream in use: the cost of a message hardly counts then, and nodes
 * would be idle while the client gathers more.
 */
const enoughPerStream = 128;

export class SendBatching {
  readonly #senders = new Set<Sender>();
  /** The timer that runs while a few operations wait for more. */
  #held: NodeJS.Timeout | undefined;

  join(sender: Sender): void {
    this.#senders.add(sender);
  }

  leave(sender: Sender): void {
    this.#senders.delete(sender);
  }

  /** Called when operations wait, or when operations were answered. */
  flush(): void {
    let [unsent, unanswered, inUse] = [0, 0, 0];
    for (const sender of this.#senders) {
      unsent += sender.unsent;
      unanswered += sender.unanswered;
      if (sender.unsent + sender.unanswered > 0) inUse += 1;
    }
    if (unsent === 0) return;
    if (unanswered >= minUnanswered && unsent < inUse * enoughPerStream) this.#hold();
    else this.#send();
  }

  #hold(): void {
    this.#held ??= setTimeout(() => this.#send(), this.#holdMs());
  }

  /** One round trip of the quickest stream that has something to send, so that no operation waits for a much slower node. */
  #holdMs(): number {
    let shortestMs = maxHoldMs;
    for (const { unsent, roundTripMs } of this.#senders) if (unsent > 0) shortestMs = Math.min(shortestMs, roundTripMs);
    return Math.max(minHoldMs, shortestMs);
  }

  #send(): void {
    clearTimeout(this.#held);
    this.#held = undefined;
    for (const sender of this.#senders) sender.sendWaiting();
  }
}
