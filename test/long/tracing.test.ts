/** One trace through client, node and forwarding: two nodes in this process, whose SDK keeps the spans in memory. */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, credentials, Metadata, type ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { context, SpanKind, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { foundCluster } from '../../local/found-cluster.js';
import { resolveOptions } from '../../src/config/index.js';
import { KvClient } from '../../src/index.js';
import { KvNode } from '../../src/node/index.js';

const file = new URL('../../proto/kv/v1/kv.proto', import.meta.url).pathname;
const keyValue = loadSync(file, { longs: Number, defaults: true })['kv.v1.KeyValue'] as ServiceDefinition;

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const nodes: KvNode[] = [];
/** host:port for HTTP, by node id. */
const httpAddresses = new Map<string, string>();

beforeAll(async () => {
  provider.register();
  const commandLine = {
    zk: inject('zk'),
    root: `/kvnode-${randomBytes(6).toString('hex')}`,
    port: '0',
    httpPort: '0',
    shards: '1',
  };
  const { values } = resolveOptions({ commandLine, environment: {}, configPath: undefined });
  await foundCluster(values.zk, values.root, ['--shards', '1']);
  const logger = pino({ level: 'info' }, { write: (line) => learnHttpAddress(JSON.parse(line)) });
  for (let count = 0; count < 2; count++) nodes.push(await KvNode.start({ ...values, logger }));
});

function learnHttpAddress({ msg, node, http }: { msg: string; node: string; http: string }): void {
  if (msg === 'listening') httpAddresses.set(node, http);
}

beforeEach(() => exporter.reset());

afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop({ returns: true })));
  await provider.shutdown();
});

/**
 * Runs `work` in a span of the service. @returns that span and all spans of the same trace, by kind and name. There
 * may be several attempts, since the shard may move to its preferred primary at this moment.
 */
async function traced(work: () => Promise<unknown>): Promise<{ names: string[]; spans: ReadableSpan[] }> {
  const parent = trace.getTracer('service').startSpan('service');
  await context.with(trace.setSpan(context.active(), parent), work);
  parent.end();
  const spans = exporter.getFinishedSpans().filter((span) => span.spanContext().traceId === parent.spanContext().traceId);
  return { names: [...new Set(spans.map(({ kind, name }) => `${SpanKind[kind]} ${name}`))].sort(), spans };
}

const mostAttempts = 50;

/** One of several attempts may be forwarded, and is then the child of another. */
function isChild(spans: readonly ReadableSpan[], child: SpanKind, parent: SpanKind): boolean {
  const parentId = spans.find(({ kind }) => kind === parent)?.spanContext().spanId;
  return spans.some(({ kind, parentSpanContext }) => kind === child && parentSpanContext?.spanId === parentId);
}

for (const api of ['pipeline', 'unary'] as const)
  test(`an operation of a client, ${api} - its span is a child of the caller's, and the node's a child of that`, async () => {
    const client = await KvClient.connect({ nodes: nodes.map(({ address }) => address), api });
    for (const [method, work] of [
      ['put', () => client.put('traced', 'value')],
      ['get', () => client.get('traced')],
      ['delete', () => client.delete('traced')],
    ] as const) {
      const { names, spans } = await traced(work);
      expect(names).toEqual([`CLIENT kvnode ${method}`, 'INTERNAL service', `SERVER kvnode ${method}`]);
      expect(isChild(spans, SpanKind.CLIENT, SpanKind.INTERNAL) && isChild(spans, SpanKind.SERVER, SpanKind.CLIENT)).toBe(true);
    }
    const { spans } = await traced(() => client.put('traced', 'value', { ifVersion: 7 }).catch(() => {}));
    for (const side of [SpanKind.CLIENT, SpanKind.SERVER])
      expect(spans.findLast(({ kind }) => kind === side)?.attributes['error.type']).toBe('VERSION_MISMATCH');
    await client.close();
  });

for (const api of ['gRPC', 'HTTP'] as const)
  test(`a request over ${api} that a node forwards - both nodes have a span in the trace of the caller`, async () => {
    const client = await KvClient.connect({ nodes: nodes.map(({ address }) => address) });
    await client.put('traced', 'value');
    const { holders } = await client.locate('traced');
    await client.close();
    const backup = nodes.find(({ id }) => id !== holders[0]!.nodeId)!;
    const httpAddress = httpAddresses.get(backup.id);
    // A primary of a new cluster may hand over at this moment. Then the request is refused, and repeated in another
    // trace.
    const { traceId, spanId, headers } = await untilExecuted((named) =>
      api === 'gRPC' ? getWithMetadata(backup.address, named) : getOverHttp(`http://${httpAddress}/api/kv/traced`, named),
    );
    const spans = exporter.getFinishedSpans().filter((span) => span.spanContext().traceId === traceId);
    const ofNode = (id: string) => spans.find(({ attributes }) => attributes['kvnode.node'] === id);
    expect(spans.map(({ name }) => name)).toEqual(['kvnode get', 'kvnode get']);
    expect(ofNode(backup.id)?.parentSpanContext?.spanId).toBe(spanId);
    expect(ofNode(holders[0]!.nodeId)?.parentSpanContext?.spanId).toBe(ofNode(backup.id)?.spanContext().spanId);
    for (const span of spans) expect(span.spanContext().traceState?.serialize()).toBe(headers.tracestate);
  });

type TraceHeaders = Readonly<Record<'traceparent' | 'tracestate', string>>;

async function untilExecuted(request: (headers: TraceHeaders) => Promise<void>) {
  for (let attempts = 1; ; attempts += 1) {
    exporter.reset();
    const traceId = randomBytes(16).toString('hex');
    const spanId = randomBytes(8).toString('hex');
    const headers = { traceparent: `00-${traceId}-${spanId}-01`, tracestate: 'vendor=a,other=b' };
    try {
      await request(headers);
      return { traceId, spanId, headers };
    } catch (error) {
      if (attempts === mostAttempts) throw error;
      await pause(100);
    }
  }
}

async function getOverHttp(url: string, headers: TraceHeaders): Promise<void> {
  const { status } = await fetch(url, { headers });
  if (status !== 200) throw new Error(`answered with ${status}`);
}

async function getWithMetadata(address: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const stock = new Client(address, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = keyValue.Get!;
  await new Promise((resolve, reject) => {
    stock.makeUnaryRequest(path, requestSerialize, responseDeserialize, { key: 'traced' }, metadata, (error, response) =>
      error === null ? resolve(response) : reject(error),
    );
  });
  stock.close();
}
