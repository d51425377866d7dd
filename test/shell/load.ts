/** Clients of a simulated cluster: their operations, and the history of their answers. */
import type { MethodDefinition, ServiceError } from '@grpc/grpc-js';
import type { Random } from '../../simulation/plan/random.js';
import type { KvError } from '../../src/errors.js';
import { shardOfKey } from '../../src/placement/index.js';
import { refuseAtOnce, waitKey } from '../../src/wire/contract/call-wait.js';
import { clusterService, keyValueService } from '../../src/wire/contract/client-contract.js';
import { clusterMetadata } from '../../src/wire/contract/cluster-name.js';
import { fromStatus } from '../../src/wire/contract/grpc-status.js';
import { readDumpPart } from '../../src/wire/dump/dump-parts.js';
import type { DumpedRecord } from '../../src/wire/dump/dump-records.js';
import { type DataRequest, OperationWriter } from '../../src/wire/pipeline/pipeline-operations.js';
import { ResultReader } from '../../src/wire/pipeline/pipeline-results.js';
import { readScanPage, scanRequestTable } from '../../src/wire/scan/scan-messages.js';
import type { Operation, Outcome, PlainCall } from '../../verification/index.js';
import { type ShellCluster, shardCount } from './shell-cluster.js';
import { VirtualClient } from './virtual-client.js';
import { SimulatedProcess } from './virtual-time.js';

const keys = ['a', 'b', 'c', 'd'];
const unaryDeadlineMs = 1_500;
/** A dump of a few keys takes some tenths of a second. */
const dumpRateBytes = 200;
/** A client of a pipeline gives up its stream if an operation is unanswered for this long. */
const pipelineDeadlineMs = 3_000;

interface Result {
  readonly found?: boolean;
  readonly existed?: boolean;
  readonly value?: Uint8Array;
  readonly version?: number;
}

/** The version that an operation of a stream wrote or found. */
interface Seen {
  readonly id: number;
  readonly key: string;
  readonly version: number;
}

/** A key as a dump or a page of a scan at the position `seq` shows it; version 0: it is missing. */
interface Shown {
  readonly by: string;
  readonly key: string;
  readonly version: number;
  readonly seq: number;
}

export class Load {
  readonly history: Operation[] = [];
  /** Operations on one key of one stream that took effect in another order than that of sending. */
  readonly disorder: string[] = [];
  /** Dumps of a shard that came to their end. */
  dumps = 0;
  /** Pages of scans. */
  pages = 0;
  /** What dumps and pages show. */
  readonly #shown: Shown[] = [];
  readonly #cluster: ShellCluster;
  readonly #random: Random;
  #values = 0;
  #clients = 0;

  constructor(cluster: ShellCluster, random: Random) {
    this.#cluster = cluster;
    this.#random = random;
  }

  /** One operation by a unary call to any node, which may wait there while its shard is not served. */
  unary(key = this.#random.pick(keys), call = this.#call()): void {
    const process = new SimulatedProcess(`client${++this.#clients}`);
    const client = this.#connect(process);
    const begin = this.#begin(process.name, key, call);
    const method = { get: 'Get', put: 'Put', delete: 'Delete' }[call.kind];
    const { path, requestSerialize, responseDeserialize } = keyValueService[method] as MethodDefinition<object, object>;
    const request = call.kind === 'put' ? { key, value: Buffer.from(call.value), ifVersion: call.ifVersion } : { key };
    const done = (error: ServiceError | null, response?: object): void =>
      begin(error === null ? outcomeOf(call, response as Result) : failureOf(fromStatus(error)));
    const deadline = Date.now() + unaryDeadlineMs;
    const metadata = clusterMetadata(undefined);
    if (this.#random.chance(0.5)) metadata.set(waitKey, refuseAtOnce);
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, { deadline }, done);
  }

  /** A stream to any node, with batches of operations, several on one key among them. */
  pipeline(batches: number, everyMs: number): void {
    const process = new SimulatedProcess(`client${++this.#clients}`);
    const { path } = keyValueService.Pipeline!;
    const stream = this.#connect(process).makeBidiStreamRequest(path, undefined, undefined, clusterMetadata(undefined));
    const open = new Map<number, { readonly key: string; readonly call: PlainCall; readonly end: (outcome: Outcome) => void }>();
    let last = 0;
    let isOver = false;
    const seen: Seen[] = [];
    const over = (): void => {
      if (isOver) return;
      isOver = true;
      this.#checkOrder(process.name, seen);
      for (const { end } of open.values()) end({ kind: 'unknown', code: 'the stream broke' });
      open.clear();
    };
    const giveUp = (): void => {
      stream.cancel();
      over();
    };
    stream.on('error', over);
    stream.on('end', over);
    stream.on('data', (bytes: Buffer) => {
      // What was on its way when the client gave up.
      if (isOver) return;
      const results = new ResultReader(bytes);
      while (results.next()) {
        const { id, error, result } = results;
        const one = open.get(id);
        if (one === undefined) throw new Error(`operation ${id} was answered twice`);
        open.delete(id);
        const outcome = error === undefined ? outcomeOf(one.call, result as Result) : failureOf(error);
        one.end(outcome);
        if ('version' in outcome && outcome.version > 0) seen.push({ id, key: one.key, version: outcome.version });
      }
    });
    const send = (left: number): void => {
      if (isOver) return;
      const writer = new OperationWriter();
      const key = this.#random.pick(keys);
      for (let at = this.#random.between(1, 4); at > 0; at--) {
        const call = this.#call();
        const id = last++;
        const aim = this.#random.chance(0.7) ? key : this.#random.pick(keys);
        open.set(id, { key: aim, call, end: this.#begin(`${process.name}.${id}`, aim, call) });
        writer.add(id, requestOf(aim, call));
        setTimeout(() => {
          if (open.has(id)) giveUp();
        }, pipelineDeadlineMs);
      }
      stream.write(writer.take());
      if (left > 1) setTimeout(() => send(left - 1), everyMs);
      else setTimeout(() => isOver || stream.end(), pipelineDeadlineMs);
    };
    send(batches);
  }

  /** A dump of a shard, slow enough that writes come meanwhile. What it shows of each key counts as a read of that key. */
  dump(random: Random): void {
    const process = new SimulatedProcess(`client${++this.#clients}`);
    const client = new VirtualClient(this.#cluster.network, process, random.pick(this.#cluster.nodes).address);
    const { path, requestSerialize } = clusterService.DumpShard as MethodDefinition<object, object>;
    const request = { shard: random.below(shardCount), maxBytesPerSecond: dumpRateBytes };
    const reads = keys
      .filter((key) => shardOfKey(key, shardCount) === request.shard)
      .map((key) => ({ key, end: this.#begin(`${process.name}.${key}`, key, { kind: 'get' }) }));
    const newest = new Map<string, DumpedRecord>();
    const stream = client.makeServerStreamRequest(path, requestSerialize, undefined, request, clusterMetadata(undefined));
    // A dump that breaks off shows nothing.
    stream.on('error', () => {});
    stream.on('data', (bytes: Buffer) => {
      const part = readDumpPart(bytes)!;
      if (part.type === 'records')
        for (const record of part.records)
          if (record.version >= (newest.get(record.key)?.version ?? 0)) newest.set(record.key, record);
      if (part.type !== 'end') return;
      this.dumps += 1;
      for (const { key, end } of reads) {
        const found = foundIn(newest.get(key));
        end(outcomeOf({ kind: 'get' }, found));
        this.#shown.push({ by: process.name, key, version: found.version ?? 0, seq: part.position.seq });
      }
    });
  }

  /** A scan of a shard by pages of one or two keys. What a page shows of each key that it covers counts as a read of that key. */
  scan(random: Random): void {
    const process = new SimulatedProcess(`client${++this.#clients}`);
    const client = new VirtualClient(this.#cluster.network, process, random.pick(this.#cluster.nodes).address);
    const { path } = keyValueService.Scan as MethodDefinition<object, object>;
    const shard = random.below(shardCount);
    const reverse = random.chance(0.5);
    const own = keys.filter((key) => shardOfKey(key, shardCount) === shard);
    const reads = (reverse ? own.reverse() : own).map((key) => ({
      key,
      end: this.#begin(`${process.name}.${key}`, key, { kind: 'get' }),
    }));
    const request = scanRequestTable.encode({ shard, reverse, maxPageKeys: random.between(1, 2) });
    const stream = client.makeServerStreamRequest(
      path,
      (bytes) => bytes as Buffer,
      undefined,
      request,
      clusterMetadata(undefined),
    );
    // The pages before an error count.
    stream.on('error', () => {});
    stream.on('data', (bytes: Buffer) => {
      const { records, position, isExhausted } = readScanPage(bytes, false);
      this.pages += 1;
      const last = records.at(-1)?.key;
      const isCovered = (key: string): boolean => isExhausted || (last !== undefined && (reverse ? key >= last : key <= last));
      while (reads[0] !== undefined && isCovered(reads[0].key)) {
        const { key, end } = reads.shift()!;
        const record = records.find((one) => one.key === key);
        end(outcomeOf({ kind: 'get' }, record === undefined ? { found: false } : { found: true, ...record }));
        this.#shown.push({ by: process.name, key, version: record?.version ?? 0, seq: position.seq });
      }
    });
  }

  /** Writes that a dump or a page shows although they are after its position. */
  get shownTooEarly(): string[] {
    return this.#shown
      .filter(({ version, seq }) => version > seq)
      .map((shown) => `${JSON.stringify(shown)} is of a later moment`);
  }

  /** Writes that a dump or a page lacks although they are not after its position. */
  get lackedByShown(): string[] {
    return this.#shown.flatMap((shown) => {
      const { by, key, version, seq } = shown;
      // A key that is missing may have been deleted by a write whose outcome is unknown.
      const isLacked = ({ outcome }: Operation): boolean =>
        outcome.kind === 'written' && version > 0 && outcome.version > version && outcome.version <= seq;
      const lacked = this.history.find((one) => one.key === key && isLacked(one));
      return lacked === undefined ? [] : [`${by}: ${JSON.stringify(shown)} lacks ${JSON.stringify(lacked)}`];
    });
  }

  get keys(): readonly string[] {
    return keys;
  }

  /**
   * An operation sees the version of every operation on its key that was sent before it on its stream, or a later one.
   */
  #checkOrder(client: string, seen: readonly Seen[]): void {
    const highest = new Map<string, Seen>();
    for (const one of [...seen].sort((a, b) => a.id - b.id)) {
      const before = highest.get(one.key);
      if (before !== undefined && before.version > one.version)
        this.disorder.push(`${client}: ${JSON.stringify(one)} was sent after ${JSON.stringify(before)}`);
      else highest.set(one.key, one);
    }
  }

  #connect(process: SimulatedProcess): VirtualClient {
    return new VirtualClient(this.#cluster.network, process, this.#random.pick(this.#cluster.nodes).address);
  }

  #call(): PlainCall {
    const draw = this.#random.next();
    if (draw < 0.45) return { kind: 'get' };
    if (draw < 0.9) return { kind: 'put', value: `v${++this.#values}` };
    if (draw < 0.95) return { kind: 'put', value: `v${++this.#values}`, ifVersion: 0 };
    return { kind: 'delete' };
  }

  #begin(client: string, key: string, call: PlainCall): (outcome: Outcome) => void {
    const invokedAtUs = this.#nowUs();
    return (outcome) => this.history.push({ client, key, call, invokedAtUs, returnedAtUs: this.#nowUs(), outcome });
  }

  #lastUs = 0;
  /** A unique value. */
  #nowUs(): number {
    this.#lastUs = Math.max(Math.round(performance.now() * 1000), this.#lastUs + 1);
    return this.#lastUs;
  }
}

function foundIn(record: DumpedRecord | undefined): Result {
  return record?.value === undefined ? { found: false } : { found: true, value: record.value, version: record.version };
}

function requestOf(key: string, call: PlainCall): DataRequest {
  if (call.kind === 'get') return { kind: 'get', key };
  if (call.kind === 'delete') return { kind: 'delete', key, ifVersion: undefined };
  return { kind: 'put', key, value: Buffer.from(call.value), ifVersion: call.ifVersion };
}

function outcomeOf(call: PlainCall, { found, existed, value, version = 0 }: Result): Outcome {
  if (call.kind === 'put') return { kind: 'written', version };
  if (call.kind === 'delete') return (existed ?? found) ? { kind: 'written', version } : { kind: 'nothingToDelete' };
  return found ? { kind: 'found', value: Buffer.from(value!).toString(), version } : { kind: 'missing' };
}

function failureOf(error: KvError): Outcome {
  if (error.code === 'VERSION_MISMATCH') return { kind: 'mismatch', version: error.currentVersion ?? 0 };
  return error.executed === 'no' ? { kind: 'refused', code: error.code } : { kind: 'unknown', code: error.code };
}
