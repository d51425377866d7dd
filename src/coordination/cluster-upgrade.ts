/**
 * An upgrade of the cluster to a newer format: which formats its nodes support, and the command that takes the newer one
 * into use.
 *
 * The command is refused unless every registered node supports the newer format. A node that starts at the same time may
 * register after that check. It reads `config` again after it has registered, and if it does not support the format, it
 * serves nothing and says so. So the check protects the operator from a mistake; the data does not depend on it.
 */
import { KvError } from '../errors.js';
import { type FormatRange, formatsText, supportedFormats, supports } from '../formats.js';
import { packageVersion } from '../version.js';
import { type ClusterPlaceInZookeeper, withZookeeper } from './brief-session.js';
import type { NodeRegistration } from './coordinator.js';
import { latestById, readNodes, registrationOf } from './node-reader.js';
import { returnCodes, type ZnodeClient, ZnodeError } from './znode-client.js';
import { type ConfigFormat, MalformedZnodeError, parseConfigFormat } from './znode-data.js';
import type { ZnodePaths } from './znode-paths.js';

/** What a node supports, as far as it has registered it. */
type NodeFormats = Pick<NodeRegistration, 'nodeId' | 'address' | 'kvnodeVersion' | 'formats'>;

export interface ClusterFormats {
  readonly clusterId: string;
  /** The format that the cluster uses. */
  readonly inUse: number;
  /** The newest format that some node supports: the one that an upgrade leads to. `inUse` if none supports a newer one. */
  readonly newest: number;
  /** Every registered node. */
  readonly nodes: readonly NodeFormats[];
  /** The nodes that do not support `newest`. */
  readonly behind: readonly NodeFormats[];
}

export interface FinishedUpgrade {
  /** The format before. */
  readonly before: number;
  /** As read after the change. `behind`: nodes that have registered meanwhile, and serve nothing until they are upgraded. */
  readonly cluster: ClusterFormats;
}

/** @throws KvError COORDINATION_UNAVAILABLE; CONFIG_MISMATCH if there is no cluster, or none that can be read */
export function readClusterFormats(place: ClusterPlaceInZookeeper): Promise<ClusterFormats> {
  return withZookeeper(place, 'no', async (client, paths) => (await readFormats(client, paths)).cluster);
}

/**
 * @throws KvError NOT_UPGRADED naming the nodes that do not support the newer format, or if there is nothing to finish;
 *   CONFIG_MISMATCH; COORDINATION_UNAVAILABLE, after which the format may have been raised
 */
export function finishUpgrade(place: ClusterPlaceInZookeeper): Promise<FinishedUpgrade> {
  return withZookeeper(place, 'unknown', raiseFormat);
}

export async function raiseFormat(
  client: ZnodeClient,
  paths: ZnodePaths,
  own: FormatRange = supportedFormats,
): Promise<FinishedUpgrade> {
  for (;;) {
    const { cluster, stored, znodeVersion } = await readFormats(client, paths);
    refuseUnlessReady(cluster, own);
    const { inUse, newest, nodes } = cluster;
    const kvnodeVersion = nodes.find(({ kvnodeVersion: known }) => known !== undefined)?.kvnodeVersion;
    // All other fields stay as they are, those included that this version does not know.
    const raised = { ...stored, formatVersion: newest, kvnodeVersion };
    const result = await client.set(paths.config, Buffer.from(JSON.stringify(raised)), znodeVersion);
    if (result.kind === 'set') return { before: inUse, cluster: (await readFormats(client, paths)).cluster };
    if (result.kind === 'missing') throw new ZnodeError(`set ${paths.config}`, returnCodes.noNode, 'no');
  }
}

/** @throws KvError NOT_UPGRADED */
function refuseUnlessReady({ inUse, newest, nodes, behind }: ClusterFormats, own: FormatRange): void {
  if (nodes.length === 0)
    throw new KvError('NOT_UPGRADED', `no node is registered, so it is not known which formats the nodes support`);
  if (newest === inUse)
    throw new KvError(
      'NOT_UPGRADED',
      `there is nothing to finish: the cluster uses format ${inUse}, and no node supports a newer one`,
    );
  if (behind.length > 0) {
    const names = behind.map((node) => `${node.nodeId} (${describeFormats(node)})`).join(', ');
    throw new KvError('NOT_UPGRADED', `format ${newest} is not supported by every node yet: ${names}`);
  }
  if (!supports(own, newest))
    throw new KvError(
      'NOT_UPGRADED',
      `this kvctl, of version ${packageVersion()}, knows ${formatsText(own)} and not format ${newest}: use the kvctl of the nodes`,
    );
}

/** `kvnode 0.2.0 supports formats 6 to 7`. */
function describeFormats({ kvnodeVersion, formats }: NodeFormats): string {
  if (formats === undefined) return 'it does not say which formats it supports';
  return `kvnode ${kvnodeVersion ?? 'of an unknown version'} supports ${formatsText(formats)}`;
}

interface FormatsReading {
  readonly cluster: ClusterFormats;
  /** `config` as it is stored. */
  readonly stored: object;
  readonly znodeVersion: number;
}

async function readFormats(client: ZnodeClient, paths: ZnodePaths): Promise<FormatsReading> {
  await client.sync(paths.config);
  const znode = await client.get(paths.config, { watch: false });
  if (znode === undefined) throw new KvError('CONFIG_MISMATCH', `ZooKeeper holds no cluster at ${paths.config}`);
  const { clusterId, formatVersion: inUse } = parse(paths.config, znode.data);
  const { nodes } = await readNodes(client, paths.nodes, false, undefined);
  const formats = latestById(nodes).map(registrationOf);
  const newest = Math.max(inUse, ...formats.map((node) => node.formats?.newest ?? 0));
  const behind = formats.filter((node) => node.formats === undefined || !supports(node.formats, newest));
  const stored = JSON.parse(znode.data.toString('utf8')) as object;
  return { cluster: { clusterId, inUse, newest, nodes: formats, behind }, stored, znodeVersion: znode.stat.version };
}

function parse(path: string, data: Buffer): ConfigFormat {
  try {
    return parseConfigFormat(data);
  } catch (cause) {
    if (!(cause instanceof MalformedZnodeError)) throw cause;
    throw new KvError('CONFIG_MISMATCH', `${path}: ${cause.message}`, { cause });
  }
}
