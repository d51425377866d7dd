/**
 * The one path of an operation on a key. The executor checks the operation, finds its shard, and judges whether this node may
 * read the shard. `LocalShard` judges and appends a write; `OperationOutcomes` counts and answers. Unary calls, pipelines and
 * HTTP only decode requests and encode answers; api-traits.ts lists what else differs between them.
 *
 * This is the hot path of a node. On a pipeline an operation that meets no obstacle costs no promise, no timer and no lock, and
 * the clock is read once per slice. Therefore an answer is a call of one of the caller's methods, not a promise, and a caller
 * may reuse its `DecodedOperation`.
 *
 * A new kind of operation adds its fields to `DecodedOperation`, its checks here, its answer to `Caller`, and its form to each
 * API.
 */
import type { Logger } from 'pino';
import { KvError } from '../../errors.js';
import type { Method, OperationCounts } from '../../metrics/index.js';
import { shardOfKey } from '../../placement/index.js';
import type { RequestIdentity } from '../../replication/index.js';
import { type OperationSpan, type TraceHeaders, type Tracing, traceHeadersOf } from '../../tracing/index.js';
import { isChange } from '../../wire/contract/change-messages.js';
import { ownCopyOf } from '../../wire/protobuf/own-memory.js';
import type { LocalShard } from '../shards/local-shard.js';
import type { ShardDirectory } from '../shards/shard-directory.js';
import { type ApiTraits, type ApiTraitsTable, traitsOfApis } from './api-traits.js';
import { ChangeDecoder, judgedWrite, type KeyChange } from './change.js';
import type { Forwarder } from './forwarder.js';
import type { Caller, DecodedOperation } from './operation.js';
import { OperationOutcomes, type OutcomeParts } from './operation-outcomes.js';
import { notHeld } from './primary-elsewhere.js';
import { checkDecodedKey, checkExpiry, checkIfVersion, checkValue, IdentityCheck } from './request-checks.js';
import { RetriedRequest } from './retried-request.js';
import { shardOfAll } from './shard-of-all.js';
import { ShardSlice } from './shard-slice.js';
import { Tracking } from './tracking.js';
import { OrderedGet, WaitingChange, WaitingDelete, type WaitingOperation, WaitingPut } from './waiting-operations.js';

export interface ExecutorOptions {
  readonly nodeId: string;
  readonly maxValueBytes: number;
  readonly directory: ShardDirectory;
  readonly forwarder: Forwarder;
  readonly counts: OperationCounts;
  /** Undefined: this process makes no spans. */
  readonly tracing: Tracing | undefined;
  readonly logger: Logger;
}

export class OperationExecutor {
  readonly nodeId: string;
  readonly apis: ApiTraitsTable;
  readonly #maxValueBytes: number;
  readonly #directory: ShardDirectory;
  readonly #tracing: Tracing | undefined;
  readonly #changes: ChangeDecoder;
  readonly #slice = new ShardSlice();
  readonly #outcomes: OperationOutcomes;
  readonly #identity = new IdentityCheck();
  #refusal: KvError | undefined;
  #closed = false;

  constructor({ nodeId, maxValueBytes, directory, forwarder, counts, tracing, logger }: ExecutorOptions) {
    this.nodeId = nodeId;
    this.apis = traitsOfApis(counts);
    this.#maxValueBytes = maxValueBytes;
    this.#changes = new ChangeDecoder(maxValueBytes);
    this.#directory = directory;
    this.#tracing = tracing;
    const tryAgain = this.#tryAgain.bind(this);
    const readDue: OutcomeParts['readDue'] = (caller, id, key, shard, local, tracking) => {
      caller.waits(key.length);
      local.readDue(key, new OrderedGet(this.#outcomes, caller, id, key, shard, local, tracking));
    };
    this.#outcomes = new OperationOutcomes({ directory, forwarder, nodeId, logger, tryAgain, readDue });
  }

  /** Every operation is refused with this error, definitely not executed. Undefined: operations are served again. */
  refuseAll(refusal: KvError | undefined): void {
    if (!this.#closed) this.#refusal = refusal;
  }

  /** From now on every operation is refused, definitely not executed. */
  close(): void {
    this.#closed = true;
    this.#refusal = new KvError('STOPPING', 'this node has stopped taking requests');
    this.#outcomes.kept.close(this.#refusal);
  }

  /** Operations up to the next `beginSlice` came in before `nowMs`, which is monotonic and of this turn (R9). */
  beginSlice(nowMs: number): void {
    this.#slice.begin(nowMs);
  }

  /** Executes an operation of the current slice. `startedMs`: when it came in; undefined: its duration is not measured. */
  execute(operation: DecodedOperation, caller: Caller, startedMs: number | undefined): void {
    const tracking = this.#track(operation, caller, startedMs);
    if (tracking !== undefined) caller.forwarding?.whenGone(() => this.#outcomes.gone(operation, caller, tracking));
    this.#attempt(operation, caller, tracking, true);
  }

  /** Something about the shard has changed: operations that are kept for it may be served now. */
  shardChanged(shard: number): void {
    this.#outcomes.kept.changed(shard);
  }

  /** Something about the nodes or the placement has changed. */
  clusterChanged(): void {
    this.#outcomes.kept.clusterChanged();
  }

  #tryAgain(operation: DecodedOperation, caller: Caller, tracking: Tracking): void {
    if (tracking.isEnded) return;
    this.beginSlice(performance.now());
    this.#attempt(operation, caller, tracking, false);
  }

  #attempt(operation: DecodedOperation, caller: Caller, tracking: Tracking | undefined, isFirst: boolean): void {
    const { id, kind } = operation;
    let shard = 0;
    try {
      if (isFirst) caller.pending?.refuseWhatIsTooMuch();
      if (this.#refusal !== undefined) return this.#outcomes.refused(caller, id, kind, this.#refusal, tracking);
      if (kind === undefined) throw new KvError('INVALID_ARGUMENT', 'an operation that this version does not know');
      if (isChange(kind)) {
        const change = this.#changes.decode(kind, operation);
        if (change.request !== undefined) this.#identity.check(change.request);
        shard = shardOfAll(change.keys, this.#directory.shardCount);
        const request = this.#identify(change.request, shard, caller, tracking);
        const identified = request === change.request ? change : { ...change, request };
        const bytes = operation.valueEnd - operation.valueStart;
        return this.#change(id, identified, bytes, shard, this.#held(shard, caller), caller, tracking);
      }
      const key = this.#check(operation, kind);
      const { shardCount } = this.#directory;
      if (shardCount > 1) shard = shardOfKey(key, shardCount);
      if (kind === 'get') return this.#get(id, key, shard, this.#held(shard, caller), caller, tracking);
      const request = this.#identify(operation.request, shard, caller, tracking);
      this.#write(operation, kind, key, shard, this.#held(shard, caller), caller, tracking, request);
    } catch (error) {
      this.#outcomes.failed(caller, id, kind, shard, error, tracking);
    }
  }

  /** The identity of this attempt. A write whose caller waits gets one from the node if it has none (R16). Forwarded ones keep theirs. */
  #identify(
    own: RequestIdentity | undefined,
    shard: number,
    { patience }: Caller,
    tracking: Tracking | undefined,
  ): RequestIdentity | undefined {
    if (tracking?.operation === undefined || (own === undefined && patience === undefined)) return own;
    tracking.retried ??= own === undefined ? this.#outcomes.identities.begin(shard) : new RetriedRequest(own, true, () => {});
    return tracking.retried.identity;
  }

  #held(shard: number, caller: Caller): LocalShard {
    const local = this.#directory.local(shard);
    if (local === undefined) throw notHeld(shard);
    caller.isAt(local);
    return local;
  }

  /** Counts and traces a request that its API has refused before it became an operation. */
  refused(api: ApiTraits, kind: Method, code: KvError['code'], trace: TraceHeaders | undefined): void {
    api.counts[kind].failed(code);
    this.#span(kind, trace)?.failed(code);
  }

  /** Records the duration of an operation that has just succeeded, for a caller that measures samples. */
  took(api: ApiTraits, kind: Method, startedMs: number): void {
    api.counts[kind].took(performance.now() - startedMs);
  }

  #track(operation: DecodedOperation, caller: Caller, startedMs: number | undefined): Tracking | undefined {
    const { kind, traceParent, traceState } = operation;
    const isForwardable = caller.forwarding !== undefined;
    const isTraced = this.#tracing !== undefined && kind !== undefined && (traceParent !== undefined || caller.api.tracesAll);
    const isLimited = caller.api.maxWriteWaitMs !== undefined;
    if (startedMs === undefined && !isTraced && !isForwardable && !isLimited) return undefined;
    const span = isTraced ? this.#span(kind, traceHeadersOf(traceParent, traceState)) : undefined;
    return new Tracking(isForwardable ? operation : undefined, span, startedMs);
  }

  #span(kind: Method, trace: TraceHeaders | undefined): OperationSpan | undefined {
    return this.#tracing?.startOfNode(kind, trace, { 'kvnode.node': this.nodeId });
  }

  /** Checks the arguments before the shard is found: every node refuses an argument that can never be right. @throws KvError */
  #check(operation: DecodedOperation, kind: 'get' | 'put' | 'delete'): string {
    const checked = checkDecodedKey(operation.key, operation.keyBytes);
    if (kind === 'get') return checked;
    if (kind === 'put') {
      checkValue(operation.valueEnd - operation.valueStart, this.#maxValueBytes);
      checkExpiry(operation.ttlMs, operation.keepTtl);
    }
    checkIfVersion(operation.ifVersion, kind === 'put' ? 0 : 1);
    if (operation.request !== undefined) this.#identity.check(operation.request);
    return checked;
  }

  #get(id: number, key: string, shard: number, local: LocalShard, caller: Caller, tracking: Tracking | undefined): void {
    if (caller.readsInOrder && local.isBeingWritten(key)) {
      caller.waits(key.length);
      return local.readInOrder(key, new OrderedGet(this.#outcomes, caller, id, key, shard, local, tracking));
    }
    const refusal = this.#slice.refusalOfRead(shard, local);
    if (refusal !== undefined) throw refusal;
    this.#outcomes.read(caller, id, key, shard, local, tracking);
  }

  #write(
    { id, buffer, valueStart, valueEnd, ifVersion, ifValue, ttlMs, keepTtl, sync }: DecodedOperation,
    kind: 'put' | 'delete',
    key: string,
    shard: number,
    local: LocalShard,
    caller: Caller,
    tracking: Tracking | undefined,
    request: RequestIdentity | undefined,
  ): void {
    const bytes = kind === 'put' ? valueEnd - valueStart : key.length;
    const outcomes = this.#outcomes;
    const waiting =
      kind === 'put'
        ? new WaitingPut(outcomes, caller, id, bytes, shard, tracking)
        : new WaitingDelete(outcomes, caller, id, bytes, shard, tracking);
    this.#begin(waiting);
    const value = kind === 'put' ? ownCopyOf(buffer, valueStart, valueEnd) : undefined;
    try {
      const { nowMs } = this.#slice;
      if (ifValue === undefined && !keepTtl) return local.write({ key, value, ifVersion, ttlMs, sync, request }, waiting, nowMs);
      const transaction = judgedWrite(key, value, { ifVersion, ifValue: ifValue?.slice(), ttlMs, keepTtl });
      local.transact({ transaction, keys: [key], sync, request }, waiting, nowMs);
    } catch (error) {
      // The operation waits already: it has to settle.
      waiting.failed(error);
    }
  }

  #change(
    id: number,
    change: KeyChange,
    bytes: number,
    shard: number,
    local: LocalShard,
    caller: Caller,
    tracking: Tracking | undefined,
  ): void {
    const waiting = new WaitingChange(this.#outcomes, caller, id, bytes, shard, local, tracking, change);
    this.#begin(waiting);
    try {
      local.transact(change, waiting, this.#slice.nowMs);
    } catch (error) {
      // The operation waits already: it has to settle.
      waiting.failed(error);
    }
  }

  /** From now on the operation waits for its outcome. */
  #begin(waiting: WaitingOperation): void {
    const { caller, bytes, tracking } = waiting;
    const { maxWriteWaitMs } = caller.api;
    if (maxWriteWaitMs !== undefined) tracking?.limit(maxWriteWaitMs, () => waiting.failed(notCommittedIn(maxWriteWaitMs)));
    caller.waits(bytes);
  }
}

function notCommittedIn(waitMs: number): KvError {
  return new KvError('OUTCOME_UNKNOWN', `the write was not committed within ${waitMs} ms`);
}
