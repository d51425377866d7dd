/** Links of a connection that take no new requests: each is closed when its last request has ended. */
import type { Link } from './link.js';

/** Time between two looks whether a link still has requests. */
const lookMs = 100;

export class RetiredLinks implements Iterable<Link> {
  readonly #links = new Set<Link>();

  [Symbol.iterator](): Iterator<Link> {
    return this.#links.values();
  }

  /** @param reason the requests that `close` of this object finds on the link end with its reason, not with this one. */
  add(link: Link, reason: string): void {
    this.#links.add(link);
    const looking = setInterval(() => {
      if (link.transport.pending + link.pipeline.pending > 0 && this.#links.has(link)) return;
      clearInterval(looking);
      this.#links.delete(link);
      link.close(reason);
    }, lookMs).unref();
  }

  close(reason: string): void {
    for (const link of this.#links) link.close(reason);
    this.#links.clear();
  }
}
