import { Client, credentials, Metadata, Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KvError } from '../../errors.js';
import { GrpcClientStream } from '../../transport/grpc/grpc-frame-stream.js';
import { keyValueService } from '../../wire/contract/client-contract.js';
import { type DataRequest, OperationReader } from '../../wire/pipeline/pipeline-operations.js';
import { ResultWriter } from '../../wire/pipeline/pipeline-results.js';
import { limitsOf } from '../call-limits.js';
import { PipelineTransport } from './pipeline-transport.js';

/** A node that the test drives, with the streams and messages that it has received. */
class Node {
  readonly server = new Server();
  readonly streams: ServerDuplexStream<Buffer, Buffer>[] = [];
  readonly messages: { id: number; key: string | undefined }[][] = [];
  #waiting = () => {};

  async listen(): Promise<string> {
    const refuse = () => expect.fail('not called');
    const Pipeline = (call: ServerDuplexStream<Buffer, Buffer>) => this.#accept(call);
    this.server.addService(keyValueService, { Get: refuse, Put: refuse, Delete: refuse, Pipeline });
    const port = await new Promise<number>((resolve, reject) =>
      this.server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    return `127.0.0.1:${port}`;
  }

  async received(messages: number): Promise<void> {
    while (this.messages.length < messages)
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
  }

  answer(ids: readonly number[], version: number): void {
    const results = new ResultWriter('n');
    for (const id of ids) results.put(id, version);
    this.streams.at(-1)!.write(results.take());
  }

  #accept(call: ServerDuplexStream<Buffer, Buffer>): void {
    call.sendMetadata(new Metadata());
    this.streams.push(call);
    call.on('error', () => {});
    call.on('data', (message: Buffer) => {
      const reader = new OperationReader(message);
      const operations = [];
      while (reader.next()) operations.push({ id: reader.id, key: reader.key });
      this.messages.push(operations);
      this.#waiting();
    });
  }
}

let node: Node;
let client: Client;
let transport: PipelineTransport;

beforeEach(async () => {
  node = new Node();
  client = new Client(await node.listen(), credentials.createInsecure());
  transport = new PipelineTransport((listener) => {
    const { path, requestSerialize, responseDeserialize } = keyValueService.Pipeline!;
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    return { stream: new GrpcClientStream(call, listener), mayWrite: true };
  });
});

afterEach(() => {
  transport.close('the test is over');
  client.close();
  node.server.forceShutdown();
});

const put = (key: string): DataRequest => ({ kind: 'put', key, value: Buffer.from('v'), ifVersion: undefined });
const patient = () => limitsOf({}, 30_000);
const failure = (work: Promise<unknown>): Promise<KvError> =>
  work.then(
    () => expect.fail('it succeeded'),
    (error: KvError) => error,
  );

describe('the pipeline of a client', () => {
  test('the operations of one turn travel in one message, and each gets its own answer', async () => {
    const puts = ['a', 'b', 'c'].map((key) => transport.execute(put(key), patient()));
    await node.received(1);
    expect(node.messages[0]!.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
    const [a, b, c] = node.messages[0]!.map(({ id }) => id);
    node.answer([c!], 3);
    node.answer([a!, b!], 1);
    expect((await Promise.all(puts)).map(({ version }) => version)).toEqual([1, 1, 3]);
    expect(transport.pending).toBe(0);
  });

  test('a large operation is not added to the message of the small ones before it, which would be too large', async () => {
    const value = Buffer.alloc(200 * 1024);
    const small = transport.execute({ kind: 'put', key: 'small', value, ifVersion: undefined }, patient());
    // Nearly the largest message that this server accepts.
    const huge = Buffer.alloc(4 * 1024 * 1024 - 1024);
    const large = transport.execute({ kind: 'put', key: 'large', value: huge, ifVersion: undefined }, patient());
    await node.received(2);
    for (const [operation] of node.messages) node.answer([operation!.id], 1);
    expect(await Promise.all([small, large])).toMatchObject([{ version: 1 }, { version: 1 }]);
  });

  test('when a stream ends, the outcome of what was sent is unknown; the next operation opens a new stream', async () => {
    const lost = failure(transport.execute(put('a'), patient()));
    await node.received(1);
    node.streams[0]!.end();
    expect(await lost).toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
    const next = transport.execute(put('b'), patient());
    await node.received(2);
    node.answer([node.messages[1]![0]!.id], 5);
    expect(await next).toMatchObject({ version: 5 });
    expect(node.streams).toHaveLength(2);
  });

  test('closed before the turn is over: nothing was sent or executed', async () => {
    const early = failure(transport.execute(put('a'), patient()));
    transport.close('the client was closed');
    expect(await early).toMatchObject({ executed: 'no' });
    expect(node.messages).toHaveLength(0);
  });

  test('closed while an answer is missing: the outcome is unknown', async () => {
    const sent = failure(transport.execute(put('a'), patient()));
    await node.received(1);
    transport.close('the client was closed');
    expect(await sent).toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
  });

  test('after its deadline the outcome of an operation is unknown, and a late answer reaches no other operation', async () => {
    const hasty = failure(transport.execute(put('a'), limitsOf({ deadlineMs: 20 }, 0)));
    await node.received(1);
    expect(await hasty).toMatchObject({ code: 'DEADLINE_EXCEEDED', executed: 'unknown' });
    const next = transport.execute(put('b'), patient());
    await node.received(2);
    const [late, present] = node.messages.map(([operation]) => operation!.id);
    expect(present).not.toBe(late);
    node.answer([late!], 1);
    node.answer([present!], 2);
    expect(await next).toMatchObject({ version: 2 });
  });

  test('an operation given up before its turn is over is not sent; one given up later has an unknown outcome', async () => {
    const controller = new AbortController();
    const limits = limitsOf({ signal: controller.signal }, 30_000);
    const early = failure(transport.execute(put('a'), limits));
    controller.abort();
    expect(await early).toMatchObject({ code: 'CANCELLED', executed: 'no' });
    const later = new AbortController();
    const sent = failure(transport.execute(put('b'), limitsOf({ signal: later.signal }, 30_000)));
    await node.received(1);
    later.abort();
    expect(await sent).toMatchObject({ code: 'CANCELLED', executed: 'unknown' });
    expect(node.messages.flat().map(({ key }) => key)).toEqual(['b']);
  });

  test('an answer that cannot be decoded ends the stream, not the process', async () => {
    const sent = failure(transport.execute(put('a'), patient()));
    await node.received(1);
    node.streams[0]!.write(Buffer.from([0x12, 0x7f]));
    expect(await sent).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  });
});
