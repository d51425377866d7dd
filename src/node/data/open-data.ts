/**
 * Opens what a node keeps of its shards: in memory, or in its data directory. What the data may cost at most follows from the room that
 * both have.
 */
import type { ClusterConfig, Editions } from '../../coordination/index.js';
import { KvError } from '../../errors.js';
import type { ClusterFormat } from '../../formats.js';
import type { TurnEnd } from '../../transport/index.js';
import { type DiskBudget, defaultMaxDiskBytes, divideDisk, withinDisk } from '../capacity/disk-budget.js';
import { type DiskUse, MeasuredDisk, noDisk, sizeOfFolder } from '../capacity/disk-use.js';
import { retentionOf } from '../capacity/log-retention.js';
import { defaultMaxMemoryBytes, divideMemory, type MemoryBudget, type NodeBudget } from '../capacity/memory-budget.js';
import { stateMemoryOf, withDatabase } from '../capacity/state-budget.js';
import type { NodeOptions } from '../options.js';
import type { BegunData } from './begin-data.js';
import { DiskData } from './disk-data.js';
import { FolderEditions } from './folder-editions.js';
import { failedCall } from './folder-error.js';
import { MemoryData, type NodeData } from './node-data.js';
import { statesOpener } from './open-states.js';
import type { StateKind } from './state-kind.js';

export interface OpenedData {
  readonly data: NodeData;
  readonly budget: NodeBudget;
  readonly disk: DiskUse;
  /** Undefined: there is no data directory. */
  readonly editions: FolderEditions | undefined;
}

/**
 * @param begun undefined: the data lives in memory. Otherwise the data closes the folder, also if it cannot be opened.
 * @param register the editions of all folders in ZooKeeper
 * @param turn the log is written at its end
 * @param format in which entries are written
 * @throws KvError DATA_UNAVAILABLE
 */
export async function openData(
  begun: BegunData | undefined,
  nodeId: string,
  config: ClusterConfig,
  options: NodeOptions,
  register: Editions,
  turn: TurnEnd,
  format: ClusterFormat,
): Promise<OpenedData> {
  const budget = divideMemory(options.maxMemory ?? defaultMaxMemoryBytes(), config.shards);
  if (begun === undefined) {
    const data = new MemoryData(config.shards, format, options.noOrder !== true);
    return { data, budget, disk: noDisk, editions: undefined };
  }
  const { folder } = begun;
  await folder.claim({ nodeId, cluster: config }, options.state);
  const editions = await FolderEditions.begin({ folder, nodeId, register, logger: options.logger.child({ node: nodeId }) });
  const maxDiskBytes = options.maxData ?? (await defaultMaxDiskBytes(folder.path, await sizeOfFolder(folder.path)));
  const diskBudget = divideDisk(maxDiskBytes);
  const data = await openDisk(begun, nodeId, config, options, budget, diskBudget, turn, format);
  const disk = new MeasuredDisk(folder.path, maxDiskBytes);
  await disk.measure();
  editions.start(() => data.logPosition);
  return { data, budget: withinPlace(options.state, budget, diskBudget), disk, editions };
}

function withinPlace(state: StateKind, budget: MemoryBudget, disk: DiskBudget): NodeBudget {
  if (state === 'memory') return withinDisk(budget, disk);
  return withDatabase(budget, state === 'lmdb' ? disk : undefined);
}

async function openDisk(
  { folder, survey }: BegunData,
  nodeId: string,
  config: ClusterConfig,
  { retainLogBytes, noOrder, diskCalls, postgres: url, logger }: NodeOptions,
  budget: MemoryBudget,
  { logBytes }: DiskBudget,
  turn: TurnEnd,
  format: ClusterFormat,
): Promise<DiskData> {
  const { clusterId, shards, durability, syncIntervalMs } = config;
  const isFlushedLater = durability === 'interval';
  const log = logger.child({ node: nodeId });
  const memory = stateMemoryOf(budget);
  const opening = DiskData.open({
    openStates: statesOpener({ path: folder.path, identity: folder.identity!, url, memory, logger: log }),
    folder,
    survey,
    calls: diskCalls,
    clusterId,
    nodeId,
    shardCount: shards,
    format,
    isOrdered: noOrder !== true,
    // What was acknowledged had been flushed, unless it is flushed from time to time.
    mayLackWrites: isFlushedLater && folder.mayLackUnflushed,
    log: {
      syncIntervalMs: isFlushedLater ? syncIntervalMs : undefined,
      retainBytes: Math.min(retainLogBytes, Math.floor(logBytes / 4)),
      maxBytes: logBytes,
      atTurnEnd: (work) => turn.writeLog(work),
    },
    ...retentionOf(budget, shards),
    logger: log,
  });
  return opening.catch((error: unknown) => {
    throw isOfSystem(error) ? failedCall(folder.path, 'open the data', error) : error;
  });
}

/** A failed call of the system. Other errors say themselves what is to be done. */
function isOfSystem(error: unknown): boolean {
  return !(error instanceof KvError) && typeof (error as NodeJS.ErrnoException).code === 'string';
}
