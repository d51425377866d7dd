/**
 * When the operations of one client leave, on all its streams together (Nagle, RFC 896, for several connections).
 *
 * A message costs as much as some 30 operations. Where keys are spread over nodes, the results of one node free operations for all
 * of them: if each left at once, messages would become ever smaller, and every node busy with messages. So a few operations
 * behind many that are unanswered wait until those are answered, too, or for a round trip at most, and all streams send at once.
 */

/** A stream to one node, as far as rounds are concerned. */
export interface Sender {
  /** Operations that wait to be sent, and those sent and not answered; 0 of both while the node takes nothing. */
  readonly unsent: number;
  readonly unanswered: number;
  /** Smoothed; 0: not known. */
  readonly roundTripMs: number;
  sendWaiting(): void;
}

const minHoldMs = 1;
const maxHoldMs = 10;
/** Behind fewer, nobody waits. */
const minUnanswered = 32;
/** Nor do so many for each stream in use: what their messages cost counts little, and nodes would be idle while the client gathers more. */
const enoughPerStream = 128;

export class SendRounds {
  readonly #senders = new Set<Sender>();
  /** Set while a few operations wait for more. */
  #held: NodeJS.Timeout | undefined;

  join(sender: Sender): void {
    this.#senders.add(sender);
  }

  leave(sender: Sender): void {
    this.#senders.delete(sender);
  }

  /** Something waits, or less than before is unanswered. */
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

  /** One round trip of the quickest stream that has something to send: nobody waits for nodes that are far slower than its own. */
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
