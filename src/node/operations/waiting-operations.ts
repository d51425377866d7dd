/** Operations that wait at a shard for their outcome. */
import { KvError } from '../../errors.js';
import type { Method } from '../../metrics/index.js';
import type { Answer } from '../../replication/index.js';
import type { WritableResponse } from '../../wire/pipeline/pipeline-results.js';
import type { ProtobufWriter } from '../../wire/protobuf/protobuf-writer.js';
import { LocalOperation, type LocalShard } from '../shards/local-shard.js';
import type { KeyChange } from './change.js';
import { expectedAnswerBytes, type Transacted, writeAnswer } from './change-answer.js';
import type { Caller } from './operation.js';
import { type OperationOutcomes, storedWaitMsOf, type Waiting } from './operation-outcomes.js';
import type { Tracking } from './tracking.js';

export abstract class WaitingOperation extends LocalOperation implements Waiting {
  abstract readonly kind: Method;
  readonly outcomes: OperationOutcomes;
  readonly caller: Caller;
  readonly id: number;
  readonly bytes: number;
  readonly shard: number;
  readonly tracking: Tracking | undefined;

  constructor(
    outcomes: OperationOutcomes,
    caller: Caller,
    id: number,
    bytes: number,
    shard: number,
    tracking: Tracking | undefined,
  ) {
    super();
    this.outcomes = outcomes;
    this.caller = caller;
    this.id = id;
    this.bytes = bytes;
    this.shard = shard;
    this.tracking = tracking;
  }

  override get storedWaitMs(): number {
    return storedWaitMsOf(this.caller);
  }

  override get isGivenUp(): boolean {
    return this.tracking?.isEnded === true;
  }

  override failed(error: unknown): void {
    this.outcomes.waitingFailed(this, error);
  }
}

export class WaitingPut extends WaitingOperation {
  override get kind() {
    return 'put' as const;
  }

  override succeeded(version: number): void {
    this.outcomes.wrote(this, version);
  }
}

export class WaitingDelete extends WaitingOperation {
  override get kind() {
    return 'delete' as const;
  }

  override succeeded(version: number): void {
    this.outcomes.deleted(this, version);
  }
}

/** A get behind a write of its key. */
export class OrderedGet extends WaitingOperation {
  readonly key: string;
  readonly local: LocalShard;

  constructor(
    outcomes: OperationOutcomes,
    caller: Caller,
    id: number,
    key: string,
    shard: number,
    local: LocalShard,
    tracking: Tracking | undefined,
  ) {
    super(outcomes, caller, id, key.length, shard, tracking);
    this.key = key;
    this.local = local;
  }

  override get kind() {
    return 'get' as const;
  }

  /** The answer is what that write left, whatever is stored by now. */
  override answer(answer: Answer): void {
    if (answer.kind !== 'readable' || answer.newest === undefined) return super.answer(answer);
    this.caller.settled(this.bytes);
    const { value, seq, expiresAtMs } = answer.newest;
    this.outcomes.got(this.caller, this.id, value, seq, this.local.expiresInMs(expiresAtMs), true, this.tracking);
  }

  /** No write is in the way: the key is read at once, before a later write of it may be applied. */
  override succeeded(): void {
    this.caller.settled(this.bytes);
    this.outcomes.read(this.caller, this.id, this.key, this.shard, this.local, this.tracking);
  }
}

/** An operation of `changes`. */
export class WaitingChange extends WaitingOperation implements WritableResponse {
  readonly change: KeyChange;
  readonly local: LocalShard;
  #given: Transacted | undefined;

  constructor(
    outcomes: OperationOutcomes,
    caller: Caller,
    id: number,
    bytes: number,
    shard: number,
    local: LocalShard,
    tracking: Tracking | undefined,
    change: KeyChange,
  ) {
    super(outcomes, caller, id, bytes, shard, tracking);
    this.local = local;
    this.change = change;
  }

  override get kind() {
    return this.change.kind;
  }

  override answer(answer: Answer): void {
    if (answer.kind !== 'transacted') return super.answer(answer);
    this.#given = answer;
    this.outcomes.changed(this, this);
  }

  get expectedBytes(): number {
    return expectedAnswerBytes(this.#given!);
  }

  write(writer: ProtobufWriter): void {
    const { caller, change, local } = this;
    writeAnswer(writer, change, this.#given!, caller.source, (atMs) => local.expiresInMs(atMs));
  }

  override failed(error: unknown, operation?: number): void {
    super.failed(operation === undefined || this.kind !== 'transact' ? error : ofOperation(error, operation));
  }

  override succeeded(): never {
    throw new Error('a transaction is answered with its results');
  }
}

/** Names the operation of the transaction that was refused. */
function ofOperation(error: unknown, operation: number): unknown {
  if (!(error instanceof KvError)) return error;
  return error.with({}, `operation ${operation + 1} of the transaction: ${error.message}`);
}
