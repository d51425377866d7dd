/** A store in a map that judges requests as a node does, for tests of the routes. */
import { KvError } from '../../errors.js';
import { ChangeDecoder } from '../../node/operations/change.js';
import { writeAnswer } from '../../node/operations/change-answer.js';
import { checkExpiry, checkIfVersion, checkKeyBytes, checkValue } from '../../node/operations/request-checks.js';
import { judgeTransaction } from '../../replication/primary/judge-transaction.js';
import type { ChangeMethod } from '../../wire/contract/change-messages.js';
import { encodeMessage } from '../../wire/protobuf/shared-writer.js';
import type { KeyRequest } from './key-request.js';
import type { KeyValues } from './key-values.js';

export class FakeKeyValues implements KeyValues {
  readonly maxValueBytes = 1_000;
  /** Time stands still: what is left of a TTL is the TTL. */
  readonly values = new Map<string, { value: Buffer; version: number; expiresAtMs?: number | undefined }>();
  /** The error of the next operation. */
  failure: unknown;
  /** Reads wait for this promise. */
  readable: Promise<void> | undefined;
  /** The number of calls in progress, and the bytes that they hold. */
  pending = 0;
  heldBytes = 0;
  maxHeldBytes = Number.POSITIVE_INFINITY;
  #version = 0;

  whenStarted(): undefined {}

  begin() {
    let held = 0;
    let ended = false;
    let listener = () => {};
    this.pending++;
    return {
      hold: (bytes: number) => {
        held += bytes;
        this.heldBytes += bytes;
      },
      refuseWhatIsTooMuch: () => {
        if (this.heldBytes > this.maxHeldBytes) throw new KvError('OVERLOADED', 'too much is waiting');
      },
      end: () => {
        if (ended) return;
        ended = true;
        this.pending--;
        this.heldBytes -= held;
        listener();
      },
      whenEnded: (called: () => void) => {
        listener = called;
      },
    };
  }

  async get({ key: bytes }: { readonly key: Buffer }) {
    await this.readable;
    const stored = this.values.get(this.#keyOf(bytes));
    const found = stored !== undefined;
    const { value = Buffer.alloc(0), version = 0, expiresAtMs: expiresInMs } = stored ?? {};
    return { found, value, version, expiresInMs, nodeId: 'node-a' };
  }

  async put({ key: bytes, value, ifVersion, ifValue, ttlMs, keepTtl }: KeyRequest & { readonly value: Buffer }) {
    const key = this.#keyOf(bytes);
    checkValue(value.length, this.maxValueBytes);
    checkIfVersion(ifVersion, 0);
    const expiry = checkExpiry(ttlMs, keepTtl);
    this.#checkCondition(key, ifVersion, ifValue);
    const expiresAtMs = expiry === 'keep' ? this.values.get(key)?.expiresAtMs : expiry?.ttlMs;
    this.values.set(key, { value, version: ++this.#version, expiresAtMs });
    return { version: this.#version, nodeId: 'node-a' };
  }

  async delete({ key: bytes, ifVersion, ifValue }: KeyRequest) {
    const key = this.#keyOf(bytes);
    checkIfVersion(ifVersion, 1);
    this.#checkCondition(key, ifVersion, ifValue);
    const existed = this.values.delete(key);
    return { existed, version: existed ? ++this.#version : 0, nodeId: 'node-a' };
  }

  async change(kind: ChangeMethod, message: Buffer) {
    this.#fail();
    const request = { buffer: message, valueStart: 0, valueEnd: message.length, client: '' };
    const change = new ChangeDecoder(this.maxValueBytes).decode(kind, request);
    const newest = (key: string) => this.values.get(key) ?? { value: undefined, version: 0 };
    const judged = judgeTransaction(change.transaction, newest, { seq: this.#version + 1, expiryAfter: (ttlMs) => ttlMs });
    if ('refusal' in judged) throw new KvError(judged.refusal, 'refused', { currentVersion: judged.currentVersion });
    const { held, writes, results } = judged;
    const version = writes.length === 0 ? 0 : ++this.#version;
    for (const { key, value, expiresAtMs } of writes)
      if (value === undefined) this.values.delete(key);
      else this.values.set(key, { value: Buffer.from(value), version, expiresAtMs });
    const answer = { kind: 'transacted', held, version, results } as const;
    return encodeMessage((writer) => writeAnswer(writer, change, answer, { nodeId: 'node-a' }, (atMs) => atMs));
  }

  /** The calls of `refused`. */
  readonly refusals: string[] = [];
  inSync: readonly string[] | KvError = ['node-a', 'node-b'];

  refused(method: string, code: string): void {
    this.refusals.push(`${method} ${code}`);
  }

  async inSyncNodes() {
    if (this.inSync instanceof KvError) throw this.inSync;
    return this.inSync;
  }

  #keyOf(bytes: Buffer): string {
    this.#fail();
    return checkKeyBytes(bytes);
  }

  #fail(): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
  }

  #checkCondition(key: string, ifVersion: number | undefined, ifValue: Buffer | undefined): void {
    const stored = this.values.get(key);
    const currentVersion = stored?.version ?? 0;
    if (ifValue !== undefined && stored?.value.equals(ifValue) !== true)
      throw new KvError('VALUE_MISMATCH', 'the key has another value', { currentVersion });
    if (ifVersion === undefined || ifVersion === currentVersion) return;
    throw new KvError('VERSION_MISMATCH', `the key is at version ${currentVersion}`, { currentVersion });
  }
}
