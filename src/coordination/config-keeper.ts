/**
 * Compares `config` in ZooKeeper with the node's own configuration, from the node's start to its end.
 *
 * Guarantees: a new session counts only after the node has read `config` in it and found the agreed configuration
 * (R14). The node writes a lost `config` back with the same cluster id, marked as restored. A changed `config` never
 * stops the node: the keeper reports the conflict and reads again later (R13). The format of the cluster only grows: the
 * node follows a newer one, and writes it back where ZooKeeper has lost it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { KvError } from '../errors.js';
import type { FormatRange } from '../formats.js';
import { agreed, createConfig, differencesBetween, readConfig, type StoredConfig } from './cluster-config.js';
import { CoalescedTask } from './coalesced-task.js';
import type { ClusterConfig, ConfigConflict } from './coordinator.js';
import { returnCodes, type ZnodeClient, ZnodeError } from './znode-client.js';
import { encode } from './znode-data.js';
import { parentOf } from './znode-paths.js';

export class ConfigKeeper {
  readonly #client: ZnodeClient;
  readonly #path: string;
  readonly #formats: FormatRange;
  readonly #logger: Logger;
  readonly #check = new CoalescedTask(() => this.#compare());
  #agreed: ClusterConfig | undefined;
  /** The last session in which `config` held the agreed configuration. */
  #verifiedSessionId: string | undefined;
  #conflict: ConfigConflict | undefined;
  /** Interrupts the wait before a cluster is founded, so that `config` is read again. */
  #wake = new AbortController();
  #connections = 0;
  #hasReportedWait = false;

  /** @param formats those that the node supports. */
  constructor(client: ZnodeClient, path: string, formats: FormatRange, logger: Logger) {
    this.#client = client;
    this.#path = path;
    this.#formats = formats;
    this.#logger = logger;
  }

  /** Undefined until the node has agreed on a configuration. */
  get agreed(): ClusterConfig | undefined {
    return this.#agreed;
  }

  get isRestored(): boolean {
    return this.#agreed?.restored === true;
  }

  get conflict(): ConfigConflict | undefined {
    return this.#conflict;
  }

  /** Whether ZooKeeper's data belongs to the cluster of this node, as far as this session has shown. */
  get isVerified(): boolean {
    if (this.#agreed === undefined) return true;
    return this.#conflict === undefined && this.#verifiedSessionId === this.#client.sessionId;
  }

  /** Call this after every change of `config` or of the connection. */
  changed(): void {
    this.#connections += 1;
    this.#wake.abort();
  }

  /**
   * See `Coordinator.agreeOnConfig`. An interrupted wait begins anew with the next call: only an unbroken connection
   * shows that no node writes `config` back.
   * @throws KvError CONFIG_MISMATCH, UNSUPPORTED_FORMAT; ZnodeError if ZooKeeper did not answer
   */
  async agree(wanted: ClusterConfig, foundAfterMs: number): Promise<ClusterConfig> {
    let connections = this.#connections;
    let beganMs = performance.now();
    for (;;) {
      this.#wake = new AbortController();
      const { sessionId } = this.#client;
      const stored = await readConfig(this.#client, this.#path, this.#formats);
      if (stored !== undefined) {
        const config = this.#adopt(agreed(this.#path, wanted, stored.config, this.#formats), sessionId);
        await this.#keep(config, stored);
        return config;
      }
      if (connections !== this.#connections) {
        connections = this.#connections;
        beganMs = performance.now();
      }
      const remainingMs = beganMs + foundAfterMs - performance.now();
      if (remainingMs <= 0) {
        if (!(await createConfig(this.#client, this.#path, wanted))) continue;
        if (wanted.restored === true)
          this.#reportWriteBack(wanted, '. If it was never there, --zk or --root of this node is wrong');
        return this.#adopt(wanted, sessionId);
      }
      this.#reportWait(foundAfterMs);
      await this.#untilChanged(remainingMs);
    }
  }

  /** Reads `config` and settles `isVerified` and `conflict`. @throws ZnodeError if ZooKeeper did not answer */
  check(): Promise<void> {
    return this.#check.run();
  }

  #adopt(config: ClusterConfig, sessionId: string | undefined): ClusterConfig {
    this.#agreed = config;
    this.#verifiedSessionId = sessionId;
    return config;
  }

  async #untilChanged(limitMs: number): Promise<void> {
    if (this.#client.status === 'connected') {
      // A timer of Node.js waits at most 24 days; an additional read does no harm.
      const options = { signal: this.#wake.signal };
      await pause(Math.min(limitMs, longestPauseMs), undefined, options).catch(() => {});
    }
    if (this.#client.status !== 'connected') throw new ZnodeError(`wait for ${this.#path}`, returnCodes.connectionLoss, 'no');
  }

  #reportWriteBack({ clusterId }: ClusterConfig, hint = ''): void {
    const fields = { path: this.#path, clusterId };
    this.#logger.warn(fields, `ZooKeeper had lost the configuration; this node wrote it back${hint}`);
  }

  #reportWait(foundAfterMs: number): void {
    if (this.#hasReportedWait) return;
    this.#hasReportedWait = true;
    const fields = { path: this.#path };
    if (foundAfterMs === Number.POSITIVE_INFINITY)
      this.#logger.warn(fields, 'ZooKeeper holds no cluster here, and with --join this node founds none: waiting for one');
    else
      this.#logger.warn(
        { ...fields, foundsAfterMs: foundAfterMs },
        'ZooKeeper holds no cluster here: waiting before founding one, because if ZooKeeper has lost a cluster, its nodes ' +
          'write it back in this time. To found a new cluster at once, run "kvctl init"',
      );
  }

  async #compare(): Promise<void> {
    const own = this.#agreed;
    if (own === undefined) return;
    const { sessionId } = this.#client;
    let stored: StoredConfig;
    try {
      stored = await this.#readOrWriteBack(own);
    } catch (error) {
      if (!(error instanceof KvError)) throw error;
      return this.#setConflict(error.code === 'UNSUPPORTED_FORMAT' ? leftBehind(error) : unreadable(this.#path, error));
    }
    const conflict = conflictOf(this.#path, own, stored.config);
    if (conflict === undefined) await this.#keep(own, stored);
    // If the session of this read has ended meanwhile, the next check decides.
    if (this.#client.sessionId !== sessionId) return;
    if (conflict === undefined) this.#verifiedSessionId = sessionId;
    this.#setConflict(conflict);
  }

  async #readOrWriteBack(own: ClusterConfig): Promise<StoredConfig> {
    for (;;) {
      const stored = await readConfig(this.#client, this.#path, this.#formats);
      if (stored !== undefined) return stored;
      const restored = { ...own, restored: true };
      if (!(await createConfig(this.#client, this.#path, restored))) continue;
      this.#reportWriteBack(own);
      return { version: 0, config: restored };
    }
  }

  /**
   * Keeps the mark `restored` and the newer format on both sides, since a ZooKeeper that goes back in time, or a node
   * that has written `config` back, may have lost them.
   */
  async #keep(own: ClusterConfig, { version, config }: StoredConfig): Promise<void> {
    const { formatVersion, kvnodeVersion } = config.formatVersion > own.formatVersion ? config : own;
    const isRestored = config.restored === true || own.restored === true;
    const kept = { ...own, formatVersion, kvnodeVersion, ...(isRestored && { restored: true }) };
    this.#agreed = kept;
    if (config.formatVersion === formatVersion && (config.restored === true) === isRestored) return;
    const result = await this.#client.set(this.#path, encode(kept), version);
    if (result.kind !== 'set') throw new ZnodeError(`set ${this.#path}`, returnCodes.badVersion, 'no');
  }

  #setConflict(conflict: ConfigConflict | undefined): void {
    if (conflict?.message === this.#conflict?.message) return;
    this.#conflict = conflict;
    if (conflict === undefined)
      this.#logger.info({ path: this.#path }, 'the configuration in ZooKeeper agrees with this node again');
    else this.#logger.error({ path: this.#path }, conflict.message);
  }
}

/** The longest wait between two reads of `config` before a cluster is founded. */
const longestPauseMs = 3_600_000;

function unreadable(path: string, { message }: KvError): ConfigConflict {
  return {
    message:
      `the configuration in ZooKeeper is unreadable (${message}): this node keeps its data and serves nothing; ` +
      `delete ${path}, and the node writes its own configuration back and continues`,
  };
}

function leftBehind({ message }: KvError): ConfigConflict {
  return { message: `${message}; until then this node keeps its data and serves nothing` };
}

function conflictOf(path: string, own: ClusterConfig, stored: ClusterConfig): ConfigConflict | undefined {
  const differences = differencesBetween(own, stored);
  if (differences === undefined) return undefined;
  if (stored.clusterId === own.clusterId)
    return {
      message:
        `the configuration at ${path} in ZooKeeper has changed while this node runs (${differences}): the node keeps its data ` +
        `and serves nothing; delete ${path}, and the node writes its own configuration back and continues, or restart the ` +
        'node, which gives up data in memory; with a data directory it has to be an empty one',
    };
  return {
    message:
      `this node belongs to cluster ${own.clusterId}, and ZooKeeper holds cluster ${stored.clusterId} at ${path}: the node ` +
      `keeps its data and serves nothing; stop the nodes of cluster ${stored.clusterId} and delete ${parentOf(path)} with ` +
      'everything below it, and this node continues, or restart this node to join the ' +
      'other cluster, which gives up data in memory; with a data directory it has to be an empty one',
  };
}
