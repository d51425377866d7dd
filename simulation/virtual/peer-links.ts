/**
 * The links of one process to other replicas. Each link keeps one stream open, opens it again after every break, and
 * queues nothing in between, as the links of a real node do.
 */
import type { Event, Message } from '../../src/replication/index.js';
import type { EventQueue } from './event-queue.js';
import type { Ways } from './paths.js';
import { Stream, type StreamEnd } from './stream.js';

interface Link {
  readonly to: string;
  stream: Stream | undefined;
  retryMs: number;
  /** Grows with every attempt, so that work of an earlier attempt is recognised. */
  attempt: number;
}

export interface LinkOwner extends StreamEnd {
  readonly alive: boolean;
  /** Now, or once the process runs again. */
  run(work: () => void): void;
  handle(event: Event): void;
}

/** The process at the other end. */
interface Target extends StreamEnd {
  readonly alive: boolean;
  run(work: () => void): void;
  receive(message: Message, stream: Stream): void;
  /** Called once when it has ended and its machine says so. */
  whenGone(tell: () => void): void;
}

/** The run around a process, as far as its links use it. */
export interface LinkSurroundings {
  readonly queue: EventQueue;
  readonly paths: Ways;
  readonly nodes: readonly { readonly silent: boolean; readonly process: Target | undefined }[];
  nodeIndexOf(replicaId: string): number;
}

const connectTimeoutMs = 2000;
/** A link gives up a connection after this silence of the other end. */
const keepaliveMs = 7000;
const keepaliveLookMs = 1000;
const firstRetryMs = 50;
const maxRetryMs = 1000;

export class VirtualLinks {
  readonly #world: LinkSurroundings;
  readonly #owner: LinkOwner;
  readonly #links = new Map<string, Link>();

  constructor(world: LinkSurroundings, owner: LinkOwner) {
    this.#world = world;
    this.#owner = owner;
  }

  set(wanted: readonly string[]): void {
    for (const [to, link] of this.#links) {
      if (wanted.includes(to)) continue;
      this.#links.delete(to);
      link.attempt += 1;
      // What was sent before still leaves.
      link.stream?.break(0);
    }
    for (const to of wanted) {
      if (this.#links.has(to)) continue;
      const link: Link = { to, stream: undefined, retryMs: 0, attempt: 0 };
      this.#links.set(to, link);
      this.#connect(link);
    }
  }

  send(message: Message): void {
    const stream = this.#links.get(message.to)?.stream;
    if (stream === undefined) return;
    const [from, to] = [this.#owner.nodeIndex, stream.target.nodeIndex];
    if (message.body.type === 'beacon' && this.#world.paths.dropsBeacon(from, to)) return;
    stream.request(message);
  }

  /** The process has ended. Its kernel may still send what the process had handed over. */
  close(lingerMs: number | undefined): void {
    for (const link of this.#links.values()) link.stream?.break(lingerMs);
    this.#links.clear();
  }

  /** The stream to the process at that node breaks. */
  breakTo(nodeIndex: number, lingerMs: number | undefined): void {
    for (const link of this.#links.values()) {
      if (link.stream !== undefined && link.stream.target.nodeIndex === nodeIndex) this.#down(link, lingerMs, false);
    }
  }

  #connect(link: Link): void {
    const world = this.#world;
    const attempt = ++link.attempt;
    const from = this.#owner.nodeIndex;
    const to = world.nodeIndexOf(link.to);
    const isCurrent = (): boolean => link.attempt === attempt && link.stream === undefined && this.#owner.alive;
    world.queue.after(connectTimeoutMs, () => this.#owner.run(() => isCurrent() && this.#down(link, undefined, false)));
    world.paths.whenOpen(from, to, () => {
      world.paths.carry(from, to, () => {
        const answer = (then: () => void): void =>
          world.paths.whenOpen(to, from, () => {
            world.paths.carry(to, from, () => this.#owner.run(() => isCurrent() && then()));
          });
        const node = world.nodes[to];
        const target = node?.process;
        if (target === undefined) {
          if (node?.silent !== true) answer(() => this.#down(link, undefined, true));
          return;
        }
        target.run(() => answer(() => this.#up(link, target)));
      });
    });
  }

  #up(link: Link, target: Target): void {
    const { queue, paths } = this.#world;
    // A node that now holds another replica reports that to the opener first.
    if (target.replicaId !== link.to || !target.alive) return this.#down(link, undefined, target.alive);
    const stream: Stream = new Stream(
      queue,
      paths,
      this.#owner,
      target,
      (message) => target.run(() => target.receive(message, stream)),
      (message) => this.#owner.run(() => link.stream === stream && this.#owner.handle({ type: 'message', message })),
    );
    link.stream = stream;
    link.retryMs = 0;
    this.#owner.handle({ type: 'linkUp', to: link.to });
    this.#watch(link, stream, target);
  }

  /** Notices that the other end is gone: soon if its machine reports it, by keepalive otherwise. */
  #watch(link: Link, stream: Stream, target: Target): void {
    const { queue, paths, nodes } = this.#world;
    const [from, to] = [this.#owner.nodeIndex, target.nodeIndex];
    const isCurrent = (): boolean => this.#owner.alive && link.stream === stream;
    const over = (): void => this.#owner.run(() => isCurrent() && this.#down(link, 0, false));
    target.whenGone(() => {
      // What the other end had sent is still received, and then the end of the stream.
      paths.whenOpen(to, from, () => paths.carry(to, from, over, { notBeforeMs: stream.lastBackMs }));
    });
    let silentLooks = 0;
    const look = (): void => {
      if (!isCurrent()) return;
      // A machine that is back knows nothing of the connections of the process that died there.
      const isOver = stream.broken || (!target.alive && !nodes[to]!.silent);
      const isSilent = paths.isCut(from, to) || paths.isCut(to, from) || !target.alive;
      silentLooks = isSilent ? silentLooks + 1 : 0;
      if (isOver || silentLooks * keepaliveLookMs > keepaliveMs) over();
      else queue.after(keepaliveLookMs, look);
    };
    queue.after(keepaliveLookMs, look);
  }

  #down(link: Link, lingerMs: number | undefined, refused: boolean): void {
    link.stream?.break(lingerMs);
    link.stream = undefined;
    link.attempt += 1;
    const { attempt } = link;
    this.#world.queue.after(link.retryMs, () => link.attempt === attempt && this.#owner.alive && this.#connect(link));
    link.retryMs = Math.min(maxRetryMs, link.retryMs === 0 ? firstRetryMs : link.retryMs * 2);
    this.#owner.handle({ type: 'linkDown', to: link.to, refused });
  }
}
