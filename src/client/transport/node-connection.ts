/**
 * The connection to one node. It is opened on demand, given up if it does not become ready in time, and opened again on the next
 * demand.
 *
 * grpc-js waits for ever on a peer that accepts a connection and then sends nothing, and may report an earlier failure meanwhile.
 * So this class has a timeout of its own, from the moment when a caller needs the channel until the channel is ready. Requests are
 * passed on only while it is ready; a request that never left may then safely go to another node.
 *
 * A node of another cluster may have taken over the address. Once this is known, nothing is sent to it for a while, or until the
 * connection breaks: the next connection, or behind a proxy the same one, may lead to the right node again.
 */
import { Client, connectivityState } from '@grpc/grpc-js';
import type { KvError } from '../../errors.js';
import { grpcTarget } from '../../net/index.js';
import { channelOptions } from '../../wire/contract/channel-options.js';
import { type Limits, monotonicNowMs, remainingMs } from '../call-limits.js';
import { WakeUp } from '../retry/wake-up.js';
import { ClusterIdentity, type ClusterNaming } from '../routing/cluster-identity.js';
import type { NodeTransport, Subject } from './node-transport.js';
import { PipelineOpener, type TransportChoice } from './pipeline-opener.js';
import { PipelineTransport } from './pipeline-transport.js';
import { SendBatching } from './send-batching.js';
import { TrackedCredentials } from './tracked-credentials.js';
import { UnaryTransport } from './unary-transport.js';

/** How long a node of another cluster is not tried again over the same connection. */
const strangerMs = 5_000;

interface OpenChannel {
  readonly client: Client;
  readonly credentials: TrackedCredentials;
  readonly transport: NodeTransport;
  readonly pipeline: PipelineTransport;
}

export class NodeConnection {
  readonly address: string;
  readonly #connectTimeoutMs: number;
  readonly #onReady: () => void;
  readonly #batching: SendBatching;
  readonly #identity: ClusterIdentity;
  readonly #changed = new WakeUp();
  readonly #opener: PipelineOpener;
  #channel: OpenChannel | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #suspect = false;
  /** The cluster that the node at the other end reported. It counts until `#strangerUntilMs`. */
  #clusterId: string | undefined;
  #strangerUntilMs = 0;
  #failures = 0;
  #closed = false;

  constructor(
    address: string,
    connectTimeoutMs: number,
    onReady: () => void,
    batching = new SendBatching(),
    identity = new ClusterIdentity(),
    transport: TransportChoice = 'auto',
  ) {
    this.address = address;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#onReady = onReady;
    this.#batching = batching;
    this.#identity = identity;
    this.#opener = new PipelineOpener({ address, transport, connectTimeoutMs });
  }

  get isReady(): boolean {
    return this.otherCluster === undefined && this.#isConnected;
  }

  get #isConnected(): boolean {
    return this.#channel !== undefined && stateOf(this.#channel) === connectivityState.READY;
  }

  /** The id of the node's cluster, if the client knows that it is not its own; otherwise undefined. */
  get otherCluster(): string | undefined {
    if (this.#clusterId === undefined || this.#clusterId === this.#identity.id) return undefined;
    return monotonicNowMs() < this.#strangerUntilMs ? this.#clusterId : undefined;
  }

  /** The node at the other end has reported its cluster. */
  answeredFrom(clusterId: string): void {
    // The report of a connection that is gone does not count: another node may have the address by now.
    if (this.otherCluster === clusterId || !this.#isConnected) return;
    this.#clusterId = clusterId;
    this.#strangerUntilMs = monotonicNowMs() + strangerMs;
    clearTimeout(this.#watchdog);
    this.#watchdog = undefined;
    this.#changed.wakeAll();
    this.#onReady();
  }

  /** True from a failure to connect until the next success. No caller waits for such a node; it is tried in the background. */
  get isSuspect(): boolean {
    return this.#suspect || this.otherCluster !== undefined;
  }

  /** The number of requests in flight. */
  get pending(): number {
    if (this.#channel === undefined) return 0;
    return this.#channel.transport.pending + this.#channel.pipeline.pending;
  }

  /**
   * Undefined while the connection is not ready. Use it at once, and read it again after every await: the channel may be gone, even
   * if the awaited promise was already settled.
   */
  get transport(): NodeTransport | undefined {
    return this.isReady ? this.#channel?.transport : undefined;
  }

  /** For operations whose primary this node is believed to be; otherwise like `transport`. */
  get pipeline(): PipelineTransport | undefined {
    return this.isReady ? this.#channel?.pipeline : undefined;
  }

  /**
   * Starts connecting unless the connection is ready, and waits.
   * @param isWanted called again after each `reconsider()`; false ends the wait, because a better node has been found.
   * @returns whether it is ready; false as soon as an attempt has failed.
   */
  async whenReady(limits: Limits, isWanted: () => boolean = () => true): Promise<boolean> {
    this.#demand();
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
    this.#demand();
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
    this.#channel?.transport.abandonPending(concerns, afterMs, reason);
    this.#channel?.pipeline.abandonPending(concerns, afterMs, reason);
  }

  close(reason: string): void {
    this.#closed = true;
    this.#discard(reason);
  }

  #demand(): void {
    if (this.#closed || this.isReady || this.otherCluster !== undefined) return;
    this.#channel ??= this.#open();
    this.#channel.client.getChannel().getConnectivityState(true);
    this.#watchdog ??= setTimeout(() => this.#giveUp(), this.#connectTimeoutMs);
  }

  #open(): OpenChannel {
    const credentials = new TrackedCredentials();
    const client = new Client(grpcTarget(this.address), credentials, channelOptions);
    let channel: OpenChannel | undefined;
    const naming = this.#naming(() => this.#channel === channel);
    const pipeline = new PipelineTransport((listener) => this.#opener.open(client, naming, listener), this.#batching, naming);
    channel = { client, credentials, transport: new UnaryTransport(client, naming), pipeline };
    this.#watch(channel);
    return channel;
  }

  /** Ignores a late refusal over a channel that has been replaced. */
  #naming(isInUse: () => boolean): ClusterNaming {
    const identity = this.#identity;
    return {
      get clusterId() {
        return identity.id;
      },
      wasRefused: ({ clusterId }: KvError) => {
        if (clusterId !== undefined && isInUse()) this.answeredFrom(clusterId);
      },
    };
  }

  #watch(channel: OpenChannel): void {
    channel.client.getChannel().watchConnectivityState(stateOf(channel), Number.POSITIVE_INFINITY, () => {
      if (this.#channel !== channel) return;
      this.#watch(channel);
      this.#stateChanged(stateOf(channel));
    });
  }

  #stateChanged(state: connectivityState): void {
    if (state !== connectivityState.READY) this.#clusterId = undefined;
    if (state === connectivityState.READY) {
      clearTimeout(this.#watchdog);
      this.#watchdog = undefined;
      this.#suspect = false;
      this.#changed.wakeAll();
      this.#onReady();
    } else if (state === connectivityState.TRANSIENT_FAILURE) {
      this.#suspect = true;
      this.#failures += 1;
      this.#changed.wakeAll();
    }
  }

  #giveUp(): void {
    if (this.isReady) return;
    this.#suspect = true;
    this.#failures += 1;
    this.#discard('the connection could not be opened');
  }

  #discard(reason: string): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = undefined;
    const channel = this.#channel;
    this.#channel = undefined;
    this.#clusterId = undefined;
    if (channel !== undefined) tearDown(channel, reason);
    this.#changed.wakeAll();
  }
}

function tearDown(channel: OpenChannel, reason: string): void {
  const wasReady = stateOf(channel) === connectivityState.READY;
  channel.transport.close(reason);
  channel.pipeline.close(reason);
  channel.client.close();
  if (!wasReady) channel.credentials.destroySockets();
}

function stateOf(channel: OpenChannel): connectivityState {
  return channel.client.getChannel().getConnectivityState(false);
}
