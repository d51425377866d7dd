/** The hand-written messages of the pipeline against protobufjs, which reads proto/kv/v1/kv.proto itself. */
import { join } from 'node:path';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { KvError } from '../../errors.js';
import type { RequestIdentity } from '../../replication/index.js';
import { changeMethods, changes } from '../contract/change-messages.js';
import { protoFolder } from '../contract/proto-files.js';
import { MalformedMessage } from '../protobuf/protobuf-reader.js';
import { type DataRequest, OperationReader, OperationWriter, sizeOf } from './pipeline-operations.js';
import { type DataResult, ResultReader, ResultWriter } from './pipeline-results.js';

const root = new protobuf.Root().loadSync(join(protoFolder, 'kv/v1/kv.proto'));
const requestType = root.lookupType('kv.v1.PipelineRequest');
const responseType = root.lookupType('kv.v1.PipelineResponse');
const plain = { longs: Number, bytes: Buffer } as const;

const key = fc.string({ minLength: 1, maxLength: 60, unit: 'binary' });
const id = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const version = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.maxSafeNat());
const condition = fc.option(version, { nil: undefined });
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
/** A condition on the value; a request without one has no such field. */
const withIfValue = <One extends object>(one: fc.Arbitrary<One>) =>
  fc.tuple(one, fc.option(bytes, { nil: undefined })).map(([fields, ifValue]) => (ifValue ? { ...fields, ifValue } : fields));
/** A request without `sync` has no such field. */
const withSync = <One extends object>(one: fc.Arbitrary<One>) =>
  fc.tuple(one, fc.boolean()).map(([fields, sync]) => (sync ? { ...fields, sync } : fields));
/** A request without an expiry has no such field. */
const withExpiry = <One extends object>(one: fc.Arbitrary<One>) =>
  fc
    .tuple(one, fc.constantFrom('ttl', 'keep', 'none'), fc.maxSafeNat())
    .map(([fields, expiry, ttlMs]) =>
      expiry === 'none' ? fields : { ...fields, ...(expiry === 'ttl' ? { ttlMs } : { keepTtl: true }) },
    );
const operation = fc.oneof(
  fc.record({ kind: fc.constant('get' as const), key }),
  withSync(withExpiry(withIfValue(fc.record({ kind: fc.constant('put' as const), key, value: bytes, ifVersion: condition })))),
  withSync(withIfValue(fc.record({ kind: fc.constant('delete' as const), key, ifVersion: condition }))),
);
/** Text of the right length; the codec does not check its content. */
const traceParent = fc.option(fc.stringMatching(/^[0-9a-f-]{55}$/), { nil: undefined });
const request: fc.Arbitrary<DataRequest> = fc
  .tuple(operation, traceParent)
  .map(([one, trace]) => (trace === undefined ? one : { ...one, traceParent: trace }));
const operations = fc.array(fc.record({ id, request }), { maxLength: 8 });
const identity: fc.Arbitrary<RequestIdentity> = fc.record({
  client: fc.stringMatching(/^[0-9a-f]{16}$/),
  number: version,
  lowest: version,
  history: fc.string({ maxLength: 30 }),
  seq: version,
  isFirstAttempt: fc.boolean(),
});

/** The identity as fields of a request. The message names the client if it can, and number stands for an absent `lowest`. */
function identityFields({ client, number, lowest, history, seq, isFirstAttempt }: RequestIdentity, named: string) {
  return {
    request: {
      ...(client === named ? {} : { client }),
      number,
      ...(lowest === number ? {} : { lowest }),
      ...(isFirstAttempt ? { firstAttempt: true } : {}),
    },
    position: { history, seq },
  };
}

/** The operation as an object of protobufjs. */
function toPlain({ id: number, request: { kind, traceParent: trace, ...fields } }: { id: number; request: DataRequest }) {
  const { ifVersion, ...rest } = fields as { ifVersion?: number | undefined };
  const traced = trace === undefined ? {} : { traceParent: trace };
  return { id: number, [kind]: ifVersion === undefined ? rest : { ...rest, ifVersion }, ...traced };
}

function readAll(message: Buffer) {
  const reader = new OperationReader(message);
  const found: { id: number; request: DataRequest }[] = [];
  while (reader.next()) {
    const { kind, ifVersion, ifValue, ttlMs, keepTtl, sync, buffer, valueStart, valueEnd } = reader;
    const value = Buffer.from(buffer.subarray(valueStart, valueEnd));
    const traced = reader.traceParent === undefined ? {} : { traceParent: reader.traceParent };
    const common = {
      ...traced,
      key: reader.key!,
      ...(kind === 'put' ? { value, ...(ttlMs === undefined ? {} : { ttlMs }), ...(keepTtl ? { keepTtl } : {}) } : {}),
      ...(kind === 'get' ? {} : { ifVersion, ...(sync ? { sync } : {}) }),
      ...(kind !== 'get' && ifValue !== undefined ? { ifValue: Buffer.from(ifValue) } : {}),
    };
    found.push({ id: reader.id, request: { kind, ...common } as DataRequest });
  }
  return found;
}

describe('operations of a pipeline', () => {
  test('the bytes written by hand - are read by protobufjs', () => {
    fc.assert(
      fc.property(operations, (all) => {
        const writer = new OperationWriter();
        for (const { id: number, request: one } of all) writer.add(number, one);
        const read = requestType.toObject(requestType.decode(writer.take()), plain) as { operations?: object[] };
        const expected = requestType.toObject(requestType.fromObject({ operations: all.map(toPlain) }), plain);
        expect(read.operations ?? []).toEqual((expected as { operations?: object[] }).operations ?? []);
      }),
    );
  });

  test('the bytes of protobufjs - are read by hand', () => {
    fc.assert(
      fc.property(operations, (all) => {
        const message = requestType.encode(requestType.fromObject({ operations: all.map(toPlain) })).finish();
        expect(readAll(Buffer.from(message))).toEqual(all);
      }),
    );
  });

  test('identities - are read by protobufjs; the message names the client of the first, and of others that have the same', () => {
    const put = { kind: 'put', key: 'k', value: Buffer.from('v'), ifVersion: undefined } as const;
    const increment = { kind: 'increment', key: 'k', message: changes.increment.request.encode({ by: '2' }) } as const;
    fc.assert(
      fc.property(identity, fc.array(identity, { maxLength: 3 }), (first, others) => {
        const writer = new OperationWriter();
        writer.add(0, { kind: 'get', key: 'k' });
        for (const one of [first, ...others, first]) {
          writer.add(1, put, one);
          writer.add(2, increment, one);
        }
        const read = requestType.toObject(requestType.decode(writer.take()), plain);
        const expected = [first, ...others, first].flatMap((one) => {
          const fields = identityFields(one, first.client);
          return [
            { id: 1, put: { key: Buffer.from('k'), value: put.value, ...fields } },
            { id: 2, increment: { by: '2', ...fields } },
          ];
        });
        expect(read.client).toBe(first.client);
        expect(read.operations.slice(1)).toEqual(
          expected.map((one) => requestType.toObject(requestType.fromObject({ operations: [one] }), plain).operations[0]),
        );
        writer.add(3, { kind: 'get', key: 'k' });
        expect(requestType.toObject(requestType.decode(writer.take()), plain).client).toBeUndefined();
      }),
    );
  });

  test('identities - are read by hand, wherever the message names their client, and never of the operation before', () => {
    const put = { key: 'k', value: Buffer.alloc(0), ifVersion: undefined };
    const expected = (one: RequestIdentity) => ({ ...one, lowest: one.lowest === 0 ? one.number : one.lowest });
    fc.assert(
      fc.property(fc.array(identity, { minLength: 1, maxLength: 4 }), fc.boolean(), (all, isWrittenByHand) => {
        const writer = new OperationWriter();
        const client = all[0]!.client;
        const operations = all.flatMap((one) => [
          { put: { ...put, ...identityFields(one, client) } },
          { delete: { key: 'k', position: { history: 'alone', seq: 1 } } },
        ]);
        for (const one of all) {
          writer.add(1, { kind: 'put', ...put }, one);
          writer.add(2, { kind: 'delete', key: 'k', ifVersion: undefined });
        }
        const byLibrary = Buffer.from(requestType.encode(requestType.fromObject({ operations, client })).finish());
        const reader = new OperationReader(isWrittenByHand ? writer.take() : byLibrary);
        const read = all.map(() => [reader.next() && reader.request, reader.next() && reader.request]);
        expect(read).toEqual(all.map((one) => [expected(one), undefined]));
      }),
    );
  });

  test('the size that counts against the limit of bytes - is never below the written size', () => {
    fc.assert(
      fc.property(id, request, fc.option(identity, { nil: undefined }), (number, one, named) => {
        const writer = new OperationWriter();
        writer.add(number, one, one.kind === 'get' ? undefined : named);
        expect(sizeOf(one)).toBeGreaterThanOrEqual(writer.bytes);
      }),
    );
  });

  test('a key that is not UTF-8 - is reported as such, and the operations after it are read', () => {
    const notUtf8 = [0x0a, 0x07, 0x08, 0x07, 0x12, 0x03, 0x0a, 0x01, 0xff];
    const empty = [0x0a, 0x06, 0x08, 0x08, 0x12, 0x02, 0x0a, 0x00];
    const reader = new OperationReader(Buffer.from([...notUtf8, ...empty]));
    expect(reader.next()).toBe(true);
    expect([reader.id, reader.key, reader.keyBytes]).toEqual([7, undefined, 1]);
    expect(reader.next()).toBe(true);
    expect([reader.id, reader.key, reader.keyBytes]).toEqual([8, '', 0]);
  });

  test.each(changeMethods)('%s - is read by protobufjs and by hand, as is its result', (kind) => {
    const message = changes[kind].request.encode({});
    const writer = new OperationWriter();
    writer.add(1, { kind, key: 'k', message });
    writer.add(2, { kind: 'get', key: 'k' });
    const sent = writer.take();
    expect(requestType.toObject(requestType.decode(sent), plain).operations).toEqual([
      { id: 1, [kind]: {} },
      { id: 2, get: { key: 'k' } },
    ]);
    const reader = new OperationReader(sent);
    expect([reader.next(), reader.kind]).toEqual([true, kind]);
    expect(reader.buffer.subarray(reader.valueStart, reader.valueEnd)).toEqual(message);
    expect([reader.next(), reader.kind]).toEqual([true, 'get']);

    const results = new ResultWriter('n');
    const response = changes[kind].response.encode({ version: 7 });
    results.change(3, kind, { expectedBytes: 1, write: (writer) => writer.raw(response) });
    const answered = results.take();
    expect(responseType.toObject(responseType.decode(answered), plain).results).toEqual([{ id: 3, [kind]: { version: 7 } }]);
    const read = new ResultReader(answered);
    expect([read.next(), read.id, read.result]).toEqual([true, 3, expect.objectContaining({ message: response, version: 7 })]);
  });

  test('a version or a TTL beyond the safe integers - is read as one that is refused, not as malformed', () => {
    const largest = '18446744073709551615';
    const put = { key: 'k', value: Buffer.alloc(0), ifVersion: largest, ttlMs: largest };
    const message = requestType.encode(requestType.fromObject({ operations: [{ id: 1, put }] })).finish();
    const reader = new OperationReader(Buffer.from(message));
    expect(reader.next()).toBe(true);
    expect([reader.ifVersion, reader.ttlMs].some(Number.isSafeInteger)).toBe(false);
  });

  test('a trace of a wrong length - is ignored, and the trace of the previous operation does not replace it', () => {
    const get = { key: 'k' };
    const traces = ['t'.repeat(55), 't'.repeat(54), undefined, 't'.repeat(56)];
    const sent = { operations: traces.map((trace, number) => ({ id: number, get, traceParent: trace })) };
    const reader = new OperationReader(Buffer.from(requestType.encode(requestType.fromObject(sent)).finish()));
    const read = traces.map(() => (reader.next() ? reader.traceParent : 'no operation'));
    expect(read).toEqual([traces[0], undefined, undefined, undefined]);
  });

  test('an operation that is not set, or unknown - has no kind', () => {
    const empty = requestType.encode(requestType.fromObject({ operations: [{ id: 3 }] })).finish();
    const reader = new OperationReader(Buffer.from(empty));
    expect(reader.next()).toBe(true);
    expect([reader.id, reader.kind]).toEqual([3, undefined]);
  });

  test('bytes of any kind - are read or refused, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (array) => {
        try {
          readAll(Buffer.from(array));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessage);
        }
      }),
      { numRuns: 500 },
    );
  });
});

type Result =
  | { kind: 'found'; value: Buffer; version: number; expiresInMs: number | undefined }
  | { kind: 'notFound' }
  | { kind: 'put'; version: number }
  | { kind: 'delete'; version: number }
  | { kind: 'error'; error: KvError };

const failure = fc
  .record({ code: fc.constantFrom('NOT_PRIMARY', 'VERSION_MISMATCH', 'OUTCOME_UNKNOWN'), message: fc.string(), at: version })
  .map(({ code, message, at }) => {
    const position = { history: 'of a shard', seq: at };
    return new KvError(code as 'NOT_PRIMARY', message, { currentVersion: at, primaryAddress: 'a:1', position });
  });
const result: fc.Arbitrary<Result> = fc.oneof(
  fc.record({
    kind: fc.constant('found' as const),
    value: bytes,
    version,
    expiresInMs: fc.option(fc.maxSafeNat(), { nil: undefined }),
  }),
  fc.record({ kind: fc.constant('notFound' as const) }),
  fc.record({ kind: fc.constant('put' as const), version }),
  fc.record({ kind: fc.constant('delete' as const), version }),
  fc.record({ kind: fc.constant('error' as const), error: failure }),
);
const results = fc.array(fc.record({ id, result }), { minLength: 1, maxLength: 8 });

function write(writer: ResultWriter, number: number, one: Result): void {
  if (one.kind === 'found') writer.found(number, one.value, one.version, one.expiresInMs);
  else if (one.kind === 'notFound') writer.notFound(number);
  else if (one.kind === 'error') writer.error(number, one.error);
  else writer[one.kind](number, one.version);
}

/** The object that protobufjs has to decode. */
function expectedOf(number: number, one: Result): object {
  if (one.kind === 'found') {
    const { kind: _, ...fields } = one;
    return { id: number, get: { found: true, ...fields, nodeId: '' } };
  }
  if (one.kind === 'notFound') return { id: number, get: { found: false, value: Buffer.alloc(0), version: 0, nodeId: '' } };
  if (one.kind === 'put') return { id: number, put: { version: one.version, nodeId: '' } };
  if (one.kind === 'delete') return { id: number, delete: { existed: one.version > 0, version: one.version, nodeId: '' } };
  const { code, message, executed, currentVersion, primaryAddress, position } = one.error;
  return { id: number, error: { code, message, notExecuted: executed === 'no', currentVersion, primaryAddress, position } };
}

/** What is read of the result of an operation that succeeded. */
function readOf(one: Exclude<Result, { kind: 'error' }>): Omit<DataResult, 'nodeId'> {
  const nothing = { found: false, value: Buffer.alloc(0), version: 0, expiresInMs: undefined };
  if (one.kind === 'notFound') return nothing;
  const { version: at } = one;
  if (one.kind !== 'found') return { ...nothing, found: one.kind === 'delete' && at > 0, version: at };
  return { found: true, value: one.value, version: at, expiresInMs: one.expiresInMs };
}

describe('results of a pipeline', () => {
  test('the bytes written by hand - are read by protobufjs', () => {
    fc.assert(
      fc.property(results, (all) => {
        const writer = new ResultWriter('node-1');
        for (const { id: number, result: one } of all) write(writer, number, one);
        const read = responseType.toObject(responseType.decode(writer.take()), { ...plain, defaults: true });
        expect(read).toEqual({ nodeId: 'node-1', results: all.map(({ id: number, result: one }) => expectedOf(number, one)) });
      }),
    );
  });

  test('the bytes written by hand - are read by hand', () => {
    fc.assert(
      fc.property(results, (all) => {
        const writer = new ResultWriter('node-1');
        for (const { id: number, result: one } of all) write(writer, number, one);
        const reader = new ResultReader(writer.take());
        for (const { id: number, result: one } of all) {
          expect(reader.next()).toBe(true);
          expect(reader.id).toBe(number);
          if (one.kind === 'error') {
            const { code, message, executed, currentVersion, primaryAddress, position } = one.error;
            expect(reader.error).toMatchObject({ code, message, executed, currentVersion, primaryAddress, position });
            continue;
          }
          expect(reader.error).toBeUndefined();
          expect(reader.result).toEqual({ ...readOf(one), nodeId: 'node-1' });
        }
        expect(reader.next()).toBe(false);
      }),
    );
  });

  test('a code of a later version - keeps its value of executed', () => {
    const error = { code: 'NEVER_HEARD_OF', message: 'm', notExecuted: true };
    const message = responseType.encode(responseType.fromObject({ results: [{ id: 1, error }] })).finish();
    const reader = new ResultReader(Buffer.from(message));
    expect(reader.next()).toBe(true);
    expect(reader.error).toMatchObject({ executed: 'no', retryable: false });
  });
});
