/**
 * The connection to one node. It is opened on demand, given up if it does not become ready in time, and opened again on the next
 * demand.
 *
 * The time from the moment when a caller needs the link until it is ready is limited, whatever the link does. Requests are passed on
 * only while it is ready; a request that never left may then safely go to another node.
 *
 * The link carries frames or gRPC (`frames-or-grpc.ts`). While gRPC is in use because frames were not accepted, they are tried again
 * beside it.
 *
 * A node of another cluster may have taken over the address. Once this is known, nothing is sent to it for a while, or until the
 * connection breaks (`reported-cluster.ts`).
 */
import type { KvError } from '../../errors.js';
import { type Limits, remainingMs } from '../call-limits.js';
import { WakeUp } from '../retry/wake-up.js';
import { ClusterIdentity } from '../routing/cluster-identity.js';
import { FrameLink } from './frame-link.js';
import { FramesOrGrpc } from './frames-or-grpc.js';
import { FramesProbe } from './frames-probe.js';
import type { Link, LinkParts, TransportChoice } from './link.js';
import type { NodeTransport, Subject } from './node-transport.js';
import type { PipelineTransport } from './pipeline-transport.js';
import { ReportedCluster } from './reported-cluster.js';
import { RetiredLinks } from './retired-links.js';

export class NodeConnection {
  readonly address: string;
  readonly #connectTimeoutMs: number;
  readonly #onReady: () => void;
  readonly #identity: ClusterIdentity;
  readonly #changed = new WakeUp();
  readonly #cluster: ReportedCluster;
  readonly #transport: FramesOrGrpc;
  #link: Link | undefined;
  #usesFrames = false;
  #isLoadingGrpc = false;
  readonly #retired = new RetiredLinks();
  readonly #probe = new FramesProbe();
  #watchdog: NodeJS.Timeout | undefined;
  #suspect = false;
  #failures = 0;
  #closed = false;

  constructor(
    address: string,
    connectTimeoutMs: number,
    onReady: () => void,
    identity = new ClusterIdentity(),
    transport: TransportChoice = 'auto',
    mayServeFrames = () => true,
  ) {
    this.address = address;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#onReady = onReady;
    this.#identity = identity;
    this.#cluster = new ReportedCluster(identity);
    this.#transport = new FramesOrGrpc(transport, mayServeFrames, () => this.#tryFrames());
  }

  get isReady(): boolean {
    return this.otherCluster === undefined && this.#isConnected;
  }

  get #isConnected(): boolean {
    return this.#link?.isReady === true;
  }

  /** The id of the node's cluster, if the client knows that it is not its own; otherwise undefined. */
  get otherCluster(): string | undefined {
    return this.#cluster.other;
  }

  /** The node at the other end has reported its cluster. */
  answeredFrom(clusterId: string): void {
    // The report of a connection that is gone does not count: another node may have the address by now.
    if (this.#isConnected) this.#isOf(clusterId);
  }

  #isOf(clusterId: string): void {
    if (!this.#cluster.report(clusterId)) return;
    this.#stopWatchdog();
    this.#changed.wakeAll();
    this.#onReady();
  }

  /** True from a failure to connect until the next success. No caller waits for such a node; it is tried in the background. */
  get isSuspect(): boolean {
    return this.#suspect || this.otherCluster !== undefined;
  }

  /** The number of requests in flight. */
  get pending(): number {
    if (this.#link === undefined) return 0;
    return this.#link.transport.pending + this.#link.pipeline.pending;
  }

  /**
   * Undefined while the connection is not ready. Use it at once, and read it again after every await: the link may be gone, even
   * if the awaited promise was already settled.
   */
  get transport(): NodeTransport | undefined {
    return this.isReady ? this.#link?.transport : undefined;
  }

  /** For operations whose primary this node is believed to be; otherwise like `transport`. */
  get pipeline(): PipelineTransport | undefined {
    return this.isReady ? this.#link?.pipeline : undefined;
  }

  /**
   * Starts connecting unless the connection is ready, and waits.
   * @param isWanted called again after each `reconsider()`; false ends the wait, because a better node has been found.
   * @returns whether it is ready; false as soon as an attempt has failed.
   */
  async whenReady(limits: Limits, isWanted: () => boolean = () => true): Promise<boolean> {
    this.connect();
    const mayStillBe = () => !this.isReady && !this.isSuspect && !this.#closed;
    while (mayStillBe() && isWanted() && !limits.signal?.aborted && remainingMs(limits) > 0)
      await this.#changed.sleep(remainingMs(limits), limits.signal);
    return this.isReady;
  }

  /**
   * Waits like `whenReady`, for requests that only this node can answer. An earlier failure to connect does not end the wait: it
   * ends when another attempt has failed or succeeded.
   */
  async whenTried(limits: Limits): Promise<boolean> {
    this.connect();
    const failuresBefore = this.#failures;
    const mayStillBe = () => !this.isReady && this.otherCluster === undefined && !this.#closed;
    const isTrying = () => mayStillBe() && this.#failures === failuresBefore;
    while (isTrying() && !limits.signal?.aborted && remainingMs(limits) > 0)
      await this.#changed.sleep(remainingMs(limits), limits.signal);
    return this.isReady;
  }

  /** Makes waiting callers check whether they still want this node. */
  reconsider(): void {
    this.#changed.wakeAll();
  }

  abandonPending(concerns: (subject: Subject) => boolean, afterMs: number, reason: string): void {
    for (const link of [this.#link, ...this.#retired]) {
      link?.transport.abandonPending(concerns, afterMs, reason);
      link?.pipeline.abandonPending(concerns, afterMs, reason);
    }
  }

  close(reason: string): void {
    this.#closed = true;
    this.#transport.close();
    this.#probe.close(reason);
    this.#retired.close(reason);
    this.#discard(reason);
  }

  /** Starts connecting unless the connection is ready. */
  connect(): void {
    if (this.#closed || this.isReady || this.otherCluster !== undefined) return;
    if (this.#link !== undefined && this.#usesFrames !== this.#transport.wantsFrames)
      this.#dropLink('another transport takes its place');
    if (this.#link !== undefined) this.#connectLink(this.#link);
    else if (this.#transport.wantsFrames) this.#openFrames();
    else this.#openGrpc();
  }

  /** Limits the time until the link is ready. */
  #connectLink(link: Link): void {
    this.#link = link;
    this.#watchdog ??= setTimeout(() => this.#giveUp(), this.#connectTimeoutMs);
    link.connect();
  }

  #openFrames(): void {
    this.#usesFrames = true;
    const link: FrameLink = new FrameLink(
      this.#partsFor(() => this.#link === link),
      () => this.#besideFrames(),
    );
    this.#connectLink(link);
  }

  /** The link comes later: the code of gRPC may have to be loaded. That does not count as time to connect. */
  #openGrpc(): void {
    if (this.#isLoadingGrpc) return;
    this.#isLoadingGrpc = true;
    this.#stopWatchdog();
    const opened = ({ GrpcLink }: typeof import('./grpc-link.js')): void => {
      this.#isLoadingGrpc = false;
      if (this.#closed || this.#link !== undefined) return;
      this.#usesFrames = false;
      const link: Link = new GrpcLink(this.#partsFor(() => this.#link === link));
      this.#connectLink(link);
    };
    import('./grpc-link.js').then(opened, () => {
      this.#isLoadingGrpc = false;
      this.#hasFailed();
    });
  }

  /** A connection for requests that frames do not carry. */
  #besideFrames(): NodeConnection {
    return new NodeConnection(this.address, this.#connectTimeoutMs, () => {}, this.#identity, 'grpc');
  }

  /** Ignores what happens to a link that has been replaced, even a late refusal over it. */
  #partsFor(isInUse: () => boolean): LinkParts {
    const identity = this.#identity;
    return {
      address: this.address,
      connectTimeoutMs: this.#connectTimeoutMs,
      naming: {
        get clusterId() {
          return identity.id;
        },
        wasRefused: ({ clusterId }: KvError) => {
          if (clusterId !== undefined && isInUse()) this.#isOf(clusterId);
        },
      },
      events: {
        onReady: (clusterId) => isInUse() && this.#becameReady(clusterId),
        onFailed: (speaksNoFrames) => isInUse() && this.#failed(speaksNoFrames),
        onLost: () => {
          if (isInUse()) this.#cluster.forget();
        },
      },
    };
  }

  #becameReady(clusterId: string | undefined): void {
    this.#stopWatchdog();
    this.#suspect = false;
    if (clusterId && this.#identity.id !== undefined) this.#isOf(clusterId);
    this.#changed.wakeAll();
    this.#onReady();
    // When it was time to try frames, this link may not have been ready.
    if (!this.#usesFrames && this.#transport.wantsFrames) this.#tryFrames();
  }

  #failed(speaksNoFrames: boolean): void {
    if (speaksNoFrames && this.#transport.refused()) {
      this.#dropLink('no connection for frames was accepted');
      return this.#openGrpc();
    }
    if (this.otherCluster === undefined) this.#cluster.forget();
    this.#hasFailed();
  }

  #hasFailed(): void {
    this.#suspect = true;
    this.#failures += 1;
    this.#changed.wakeAll();
  }

  /** While gRPC is in use: tries frames beside it, and changes to them if the node accepts an rpc. */
  #tryFrames(): void {
    if (this.#closed || this.#usesFrames || this.#probe.isRunning || !this.isReady) return;
    const parts = this.#partsFor(() => false);
    this.#probe.start(
      parts,
      () => this.#besideFrames(),
      (isAccepted) => (isAccepted ? this.#changeToFrames() : this.#transport.refused()),
    );
  }

  /** Requests in flight over gRPC end there. */
  #changeToFrames(): void {
    const grpc = this.#link;
    if (this.#closed || this.#usesFrames || grpc === undefined) return;
    this.#transport.accepted();
    this.#link = undefined;
    this.#retired.add(grpc, 'frames took its place');
    this.connect();
  }

  #giveUp(): void {
    this.#watchdog = undefined;
    if (this.isReady) return;
    this.#suspect = true;
    this.#failures += 1;
    const link = this.#link;
    this.#discard('the connection could not be opened');
    if (link instanceof FrameLink && link.isSilent) this.#transport.refused();
  }

  #discard(reason: string): void {
    this.#stopWatchdog();
    this.#dropLink(reason);
    this.#changed.wakeAll();
  }

  #stopWatchdog(): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = undefined;
  }

  #dropLink(reason: string): void {
    const link = this.#link;
    this.#link = undefined;
    this.#cluster.forget();
    link?.close(reason);
  }
}
