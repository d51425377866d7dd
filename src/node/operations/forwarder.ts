/**
 * Forwards a request to the primary, once, and returns the answer. The other node does not forward it again.
 *
 * A request is sent only over a connection that is ready, so a failure before that means "definitely not executed". The outcome
 * of a request that is lost afterwards is unknown. Every request names the cluster of this node, so a node of another cluster
 * that now has the address refuses it.
 */
import { type Client, connectivityState, type Metadata, type MethodDefinition, type ServiceError } from '@grpc/grpc-js';
import { KvError } from '../../errors.js';
import { type TraceHeaders, traceParentKey, traceStateKey } from '../../tracing/index.js';
import { clusterMetadata } from '../../wire/contract/cluster-name.js';
import { fromStatus } from '../../wire/contract/grpc-status.js';
import { newNodeClient } from '../peers/node-client.js';

/** Marks a forwarded request, which no node forwards again. */
const forwardedKey = 'kv-forwarded';
/** Limits how long a request waits for a connection, so that its caller can try another node before its deadline. */
const connectTimeoutMs = 1_000;
/** Limits the connections that are kept. A cluster has few primaries, and their addresses change rarely. */
const maxConnections = 64;

/**
 * Calls that are kept do not connect again within this time after a connection could not be made: those of all shards of a dead
 * primary would all try.
 */
const connectAgainMs = 100;

export function wasForwarded(metadata: Metadata): boolean {
  return metadata.get(forwardedKey).length > 0;
}

/** False as soon as an attempt to connect has failed: at once for a dead primary, after `timeoutMs` for a silent one. */
async function isReady(client: Client, timeoutMs: number): Promise<boolean> {
  const channel = client.getChannel();
  const deadline = Date.now() + timeoutMs;
  for (let state = channel.getConnectivityState(true); state !== connectivityState.READY; ) {
    if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN) return false;
    const seen = state;
    const changed = await new Promise((resolve) => {
      channel.watchConnectivityState(seen, deadline, (late) => resolve(late === undefined));
    });
    if (!changed) return false;
    state = channel.getConnectivityState(true);
  }
  return true;
}

export class Forwarder {
  readonly #clusterId: string;
  readonly #clients = new Map<string, Client>();
  /** By address: when it could not be reached. */
  readonly #failedMs = new Map<string, number>();

  constructor(clusterId: string) {
    this.#clusterId = clusterId;
  }

  /** Whether the node at the address could not be reached a moment ago. */
  hasJustFailed(address: string): boolean {
    return performance.now() - (this.#failedMs.get(address) ?? Number.NEGATIVE_INFINITY) < connectAgainMs;
  }

  /**
   * @throws KvError: NO_PRIMARY if nothing was sent; OUTCOME_UNKNOWN if no answer came; WRONG_CLUSTER if a node of another
   *   cluster has the address; any other error of the other node.
   * @param gone aborted once the caller has gone: the attempt is given up
   */
  async forward<Request, Response>(
    address: string,
    method: MethodDefinition<Request, Response>,
    request: Request,
    deadlineMs: number,
    trace?: TraceHeaders,
    gone?: AbortSignal,
  ): Promise<Response> {
    const endMs = Date.now() + deadlineMs;
    const client = await this.#connect(address, deadlineMs, gone);
    const metadata = clusterMetadata(this.#clusterId);
    metadata.set(forwardedKey, '1');
    if (trace !== undefined) metadata.set(traceParentKey, trace.parent);
    if (trace?.state !== undefined) metadata.set(traceStateKey, trace.state);
    const { path, requestSerialize, responseDeserialize } = method;
    return new Promise((resolve, reject) => {
      const options = { deadline: endMs };
      const call = client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        options,
        (error, response) => {
          if (error !== null) reject(fromStatus(error));
          else if (response === undefined) reject(new KvError('OUTCOME_UNKNOWN', 'the primary answered without a message'));
          else resolve(response);
        },
      );
      gone?.addEventListener('abort', () => call.cancel());
    });
  }

  /**
   * Sends a call that is answered with a stream, and passes its messages to `isEnough` until that returns true or the stream ends.
   *
   * @throws KvError as `forward`; what `isEnough` throws
   */
  async collect(
    address: string,
    path: string,
    request: Buffer,
    deadlineMs: number,
    isEnough: (message: Buffer) => boolean,
  ): Promise<void> {
    const deadline = Date.now() + deadlineMs;
    const client = await this.#connect(address, deadlineMs);
    const metadata = clusterMetadata(this.#clusterId);
    const asItIs = (bytes: Buffer): Buffer => bytes;
    await new Promise<void>((resolve, reject) => {
      const stream = client.makeServerStreamRequest(path, asItIs, asItIs, request, metadata, { deadline });
      // It stays attached after the call was given up: a stream error without a listener would end the process.
      stream.on('error', (error: ServiceError) => reject(fromStatus(error)));
      stream.on('end', resolve);
      stream.on('data', (message: Buffer) => {
        try {
          if (!isEnough(message)) return;
          resolve();
        } catch (error) {
          reject(error);
        }
        stream.cancel();
      });
    });
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  /** @throws KvError: nothing was sent */
  async #connect(address: string, deadlineMs: number, gone?: AbortSignal): Promise<Client> {
    const client = this.#clientOf(address);
    const ready = await isReady(client, Math.min(connectTimeoutMs, deadlineMs));
    if (gone?.aborted) throw new KvError('CANCELLED', 'the caller gave up; the request was not sent', { executed: 'no' });
    if (ready) return client;
    this.#discard(address, client);
    this.#remember(address);
    throw new KvError('NO_PRIMARY', `the primary at ${address} cannot be reached; the request was not sent`);
  }

  #clientOf(address: string): Client {
    const known = this.#clients.get(address);
    if (known !== undefined) return known;
    for (const [oldest, client] of this.#clients) {
      if (this.#clients.size < maxConnections) break;
      this.#discard(oldest, client);
    }
    const client = newNodeClient(address);
    this.#clients.set(address, client);
    return client;
  }

  #remember(failed: string): void {
    const nowMs = performance.now();
    for (const [address, sinceMs] of this.#failedMs) if (nowMs - sinceMs >= connectAgainMs) this.#failedMs.delete(address);
    this.#failedMs.set(failed, nowMs);
  }

  #discard(address: string, client: Client): void {
    if (this.#clients.get(address) === client) this.#clients.delete(address);
    client.close();
  }
}
