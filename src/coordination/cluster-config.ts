/**
 * The one configuration of a cluster: its first node writes it, every other node compares it with its own options.
 *
 * Safety depends on the agreement: every backup's grace must exceed every primary's lease. The format is not compared:
 * a node only has to support the one that the cluster uses.
 */
import { randomUUID } from 'node:crypto';
import { KvError } from '../errors.js';
import { type FormatRange, formatsText, supportedFormats } from '../formats.js';
import { packageVersion } from '../version.js';
import type { ClusterConfig, DurabilityMode } from './coordinator.js';
import type { ZnodeClient } from './znode-client.js';
import { type ConfigFormat, encode, MalformedZnodeError, parseConfig, parseConfigFormat } from './znode-data.js';
import { ensurePath, parentOf } from './znode-paths.js';

export interface StoredConfig {
  /** The znode's version. */
  readonly version: number;
  readonly config: ClusterConfig;
}

type AgreedOptions = Omit<ClusterConfig, 'formatVersion' | 'kvnodeVersion' | 'clusterId' | 'durability' | 'restored'> & {
  /** Default: `always` with a data directory, else `memory`. */
  readonly durability?: DurabilityMode | undefined;
  readonly dataDir?: string | undefined;
};

/** What nodes do not compare. */
const notCompared: ReadonlySet<keyof ClusterConfig> = new Set(['formatVersion', 'kvnodeVersion', 'restored']);

/**
 * The configuration that a first node, or `kvctl init` ahead of it, proposes for a new cluster, with a fresh cluster
 * id and the newest format.
 */
export function proposedConfig(options: AgreedOptions, formats = supportedFormats): ClusterConfig {
  const { shards, replicas, vnodes, minInSync, beaconMs, leaseMs, graceMs, dataDir, syncIntervalMs } = options;
  const { durability = dataDir === undefined ? 'memory' : 'always' } = options;
  const settings = { shards, replicas, vnodes, minInSync, beaconMs, leaseMs, graceMs, durability, syncIntervalMs };
  return { formatVersion: formats.newest, kvnodeVersion: packageVersion(), clusterId: randomUUID(), ...settings };
}

/**
 * Founds the cluster at once if there is no configuration. A stored cluster id wins over the proposed one.
 * @throws KvError CONFIG_MISMATCH naming each option and both values; UNSUPPORTED_FORMAT
 */
export async function agreeOnConfig(client: ZnodeClient, path: string, wanted: ClusterConfig): Promise<ClusterConfig> {
  for (;;) {
    const stored = await readConfig(client, path, supportedFormats);
    if (stored !== undefined) return agreed(path, wanted, stored.config, supportedFormats);
    if (await createConfig(client, path, wanted)) return wanted;
  }
}

/**
 * See `Coordinator.agreeOnConfig`.
 * @throws KvError CONFIG_MISMATCH naming each option and both values, or both clusters; UNSUPPORTED_FORMAT if the format is too old
 */
export function agreed(path: string, wanted: ClusterConfig, stored: ClusterConfig, formats: FormatRange): ClusterConfig {
  if (wanted.restored === true && wanted.clusterId !== stored.clusterId)
    throw new KvError(
      'CONFIG_MISMATCH',
      `ZooKeeper holds cluster ${stored.clusterId} at ${path}, and the data directory of this node is of cluster ${wanted.clusterId}`,
    );
  // A node with data of the cluster knows its format, which a ZooKeeper that went back in time may have lost.
  const isKnown = wanted.restored === true && wanted.formatVersion > stored.formatVersion;
  const { formatVersion, kvnodeVersion } = isKnown ? wanted : stored;
  if (formatVersion < formats.oldest) throw tooNew(path, stored, formats);
  checkSettings(`the cluster at ${path} in ZooKeeper`, wanted, stored);
  return { ...stored, formatVersion, kvnodeVersion };
}

/** @param where what has the stored settings. @throws KvError CONFIG_MISMATCH naming each option and both values. */
export function checkSettings(where: string, wanted: ClusterConfig, stored: ClusterConfig): void {
  const differences = differencesBetween({ ...wanted, clusterId: stored.clusterId }, stored);
  if (differences === undefined) return;
  const advice = durabilityAdvice(wanted.durability, stored.durability);
  throw new KvError('CONFIG_MISMATCH', `${where} has other settings: ${differences}${advice}`);
}

function durabilityAdvice(wanted: DurabilityMode, stored: DurabilityMode): string {
  if (wanted === stored) return '';
  if (stored === 'memory')
    return (
      '. It keeps its data in memory: start this node without --data-dir. To have the data on disk, found another cluster, and copy ' +
      'the data with kvctl dump and kvctl restore'
    );
  const flags = wanted === 'memory' ? `--data-dir DIR --durability ${stored}` : `--durability ${stored}`;
  return `. It keeps its data on disk: start this node with ${flags}`;
}

/**
 * Reads the stored configuration. The read sees every write acknowledged before the call, and watches the znode, even
 * a missing one.
 * @throws KvError CONFIG_MISMATCH if the znode's content is malformed; UNSUPPORTED_FORMAT if its format is too new
 */
export async function readConfig(client: ZnodeClient, path: string, formats: FormatRange): Promise<StoredConfig | undefined> {
  await client.sync(path);
  const stat = await client.stat(path, { watch: true });
  const znode = stat === undefined ? undefined : await client.get(path, { watch: true });
  if (znode === undefined) return undefined;
  try {
    // First the format alone: in a newer one the other fields may be different.
    const format = parseConfigFormat(znode.data);
    if (format.formatVersion > formats.newest) throw tooOld(path, format, formats);
    return { version: znode.stat.version, config: parseConfig(znode.data) };
  } catch (cause) {
    if (!(cause instanceof MalformedZnodeError)) throw cause;
    throw new KvError('CONFIG_MISMATCH', `${path}: ${cause.message}`, { cause });
  }
}

/** @returns whether this call created the znode; false: another client has created it. */
export async function createConfig(client: ZnodeClient, path: string, config: ClusterConfig): Promise<boolean> {
  await ensurePath(client, parentOf(path));
  const result = await client.create(path, encode(config), 'persistent');
  return result.kind === 'created';
}

/** Lists the options that differ, with both values; undefined if all agree. */
export function differencesBetween(own: ClusterConfig, stored: ClusterConfig): string | undefined {
  const names = (Object.keys(stored) as (keyof ClusterConfig)[]).filter((name) => !notCompared.has(name));
  const isUsed = (name: keyof ClusterConfig): boolean => name !== 'syncIntervalMs' || stored.durability === 'interval';
  const different = names.filter((name) => isUsed(name) && stored[name] !== own[name]);
  if (different.length === 0) return undefined;
  return different.map((name) => `${name} is ${stored[name]} there and ${own[name]} here`).join(', ');
}

function tooOld(path: string, { formatVersion, kvnodeVersion }: ConfigFormat, formats: FormatRange): KvError {
  const other = `a version of kvnode that supports format ${formatVersion}`;
  const remedy = kvnodeVersion === undefined ? other : `kvnode ${kvnodeVersion}, or ${other}`;
  return unsupported(path, formatVersion, formats, `too old for it: install ${remedy}`);
}

function tooNew(path: string, { formatVersion, kvnodeVersion }: ConfigFormat, formats: FormatRange): KvError {
  const present = kvnodeVersion === undefined ? 'the version of the other nodes' : `kvnode ${kvnodeVersion}`;
  const remedy = `install ${present}, or first upgrade the cluster to format ${formats.oldest} with the versions in between`;
  return unsupported(path, formatVersion, formats, `too new for it: ${remedy}`);
}

function unsupported(path: string, formatVersion: number, formats: FormatRange, judgement: string): KvError {
  const facts = `the cluster at ${path} in ZooKeeper uses format ${formatVersion}`;
  const own = `this version of kvnode, ${packageVersion()}, supports ${formatsText(formats)}`;
  return new KvError('UNSUPPORTED_FORMAT', `${facts}, and ${own} and is ${judgement}`);
}
