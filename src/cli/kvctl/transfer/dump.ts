/**
 * Writes all keys and values into a file (docs/dump-format.md) while writes go on, several shards at a time and in bounded memory. The
 * file shows each shard as it was at one position of its log.
 */
import { once } from 'node:events';
import type { DumpOptions, KvClient } from '../../../client/index.js';
import { DumpEncoder, dumpFormatVersion } from '../../../dump/index.js';
import { KvError } from '../../../errors.js';
import { packageVersion } from '../../../version.js';
import { type Command, type CommandContext, expectOperands, wholeNumber } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { size } from '../figures.js';
import { gatherCluster } from '../status/gather.js';
import { reportWaitForShards } from '../waiting.js';
import { type CopyEvents, ShardCopy } from './shard-copy.js';
import { TransferProgress } from './transfer-progress.js';

/**
 * The number of shards that are copied at once. Every write of theirs is sent as well, so a dump of few at a time costs less. With two,
 * one is written to the file while the other arrives.
 */
const shardsAtOnce = 2;
/**
 * A key of 100 bytes costs client and nodes together some 3 µs of CPU. So this rate takes about a twentieth of a machine with two cores
 * that does all else, and 1,000,000 such keys take some 35 s.
 */
const defaultRateBytes = 4_000_000;
/** A wait for the next part of a shard is not reported before. */
const patienceMs = 2_000;

export const dumpCommand: Command = {
  name: 'dump',
  operands: '> FILE',
  summary: 'Write all keys and values to stdout, for kvctl restore',
  details:
    'Each shard is dumped as it is at one position of its log, while writes go on. --deadline-ms limits each wait for a primary. ' +
    'Copies of up to two shards are kept in temporary files meanwhile; TMPDIR names their folder.',
  isWrite: false,
  options: {
    rate: {
      type: 'string',
      requiresArg: true,
      describe: `Bytes a second that are read of all shards together, besides what is written meanwhile. Default: ${defaultRateBytes}`,
    },
  },
  async run({ connect, operands, options, call, output }) {
    expectOperands(dumpCommand, operands, 0);
    const rateBytes = wholeNumber(options, 'rate', shardsAtOnce) ?? defaultRateBytes;
    if (process.stdout.isTTY === true)
      throw new KvError('INVALID_OPTION', 'a dump is binary, so redirect it into a file: kvctl dump > FILE');
    const client = await connect();
    const { topology, answers } = await gatherCluster(client, call, output);
    const primaries = answers.flatMap(({ status }) => status?.replicas ?? []).filter(({ role }) => role === 'primary');
    const expectedKeys = primaries.reduce((sum, { keys }) => sum + keys, 0);
    const progress = new TransferProgress('copied', expectedKeys, output);
    try {
      const file = new DumpFile();
      const shards = topology.shards.map(({ shard }) => shard);
      await file.begin(topology.clusterId, shards.length);
      const lanes = Math.min(shardsAtOnce, shards.length);
      const dumpCall = { ...call, maxBytesPerSecond: Math.floor(rateBytes / lanes) };
      await copyAll(client, shards, { file, progress, lanes, call: dumpCall, output });
      await file.end();
      progress.close();
      const { keys, bytes, positions } = file;
      const text = `dumped ${keys} keys, ${size(bytes)}, in ${progress.seconds.toFixed(1)} s`;
      output.note(output.isJson ? JSON.stringify({ keys, bytes, shards: positions }) : text);
      return exitCodes.ok;
    } finally {
      progress.close();
    }
  },
};

interface CopyParts extends Pick<CommandContext, 'output'> {
  readonly file: DumpFile;
  readonly progress: TransferProgress;
  readonly lanes: number;
  /** Of each shard. */
  readonly call: DumpOptions;
}

async function copyAll(
  client: KvClient,
  shards: readonly number[],
  { file, progress, lanes, call, output }: CopyParts,
): Promise<void> {
  const waiting = shards.values();
  const eventsOf = (shard: number): CopyEvents => ({
    wait: (next) => reportWaitForShards(client, () => [shard], output, next, patienceMs),
    received: (records, bytes) => progress.add(records, bytes),
    beganAgain: () => output.remark(`the copy of shard ${shard} broke off, and begins again`),
  });
  const lane = async (): Promise<void> => {
    for (const shard of waiting) {
      const copy = await ShardCopy.receive(client, shard, call, eventsOf(shard));
      try {
        await file.add(copy);
      } finally {
        await copy.close();
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** The file on stdout. */
class DumpFile {
  readonly #encoder = new DumpEncoder();
  readonly positions: ShardCopy['position'][] = [];
  bytes = 0;
  /** The shards are written one after the other. */
  #written: Promise<void> = Promise.resolve();

  get keys(): number {
    return this.#encoder.records;
  }

  async begin(clusterId: string, shards: number): Promise<void> {
    const createdAt = new Date().toISOString();
    const softwareVersion = packageVersion();
    await this.#write(this.#encoder.header({ formatVersion: dumpFormatVersion, clusterId, shards, createdAt, softwareVersion }));
  }

  /** Resolves when the shard is written. */
  add(copy: ShardCopy): Promise<void> {
    this.#written = this.#written.then(() => this.#addNext(copy));
    return this.#written;
  }

  async end(): Promise<void> {
    await this.#write(this.#encoder.end());
  }

  async #addNext(copy: ShardCopy): Promise<void> {
    await this.#write(this.#encoder.shard(copy.position));
    for await (const records of copy.records()) await this.#write(this.#encoder.encode(records));
    this.positions.push(copy.position);
  }

  async #write(bytes: Buffer): Promise<void> {
    this.bytes += bytes.length;
    if (!process.stdout.write(bytes)) await once(process.stdout, 'drain');
  }
}
