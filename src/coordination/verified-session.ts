/**
 * The session with ZooKeeper as far as the node may use it: connected, and known to serve the node's own cluster.
 *
 * Guarantees: a session counts as connected only after a reading of `config` in it (R14). While ZooKeeper holds another
 * configuration the session counts as suspended, and nothing is written or reported (R13).
 */
import type { ConfigKeeper } from './config-keeper.js';
import type { ClusterConfig, ConfigConflict, SessionStatus } from './coordinator.js';
import { returnCodes, type ZnodeClient, ZnodeError } from './znode-client.js';

export interface VerifiedSessionListener {
  onSession(status: SessionStatus): void;
  /** `config` names a newer format. */
  onFormat(version: number): void;
  onConflict(conflict: ConfigConflict | undefined): void;
  /** A conflict has ended: whatever was read before or during it has to be read again. */
  onConflictOver(): void;
  /** A conflict has ended the use of a session that was connected. */
  onCutOff(): void;
}

export class VerifiedSession {
  readonly #client: ZnodeClient;
  readonly #config: ConfigKeeper;
  readonly #listener: VerifiedSessionListener;
  #status: SessionStatus;
  #reportedConflict: ConfigConflict | undefined;
  #reportedFormat: number | undefined;
  #closed = false;

  constructor(client: ZnodeClient, config: ConfigKeeper, listener: VerifiedSessionListener) {
    this.#client = client;
    this.#config = config;
    this.#listener = listener;
    this.#status = client.status === 'connected' ? 'connected' : 'suspended';
  }

  get status(): SessionStatus {
    return this.#status;
  }
  get conflict(): ConfigConflict | undefined {
    return this.#config.conflict;
  }
  /** See `ConfigKeeper.agreed`. */
  get agreed(): ClusterConfig | undefined {
    return this.#config.agreed;
  }
  /** True if ZooKeeper has lost the data of this cluster before. */
  get isRestored(): boolean {
    return this.#config.isRestored;
  }
  /** See `ConfigKeeper.isVerified`. */
  get isVerified(): boolean {
    return this.#config.isVerified;
  }
  /** Whether what is read now may be reported. */
  get mayReport(): boolean {
    return !this.#closed && this.#config.isVerified;
  }
  get mayWrite(): boolean {
    return this.#status === 'connected' && this.mayReport;
  }

  /** See `ConfigKeeper.agree`. */
  async agree(wanted: ClusterConfig, foundAfterMs: number): Promise<ClusterConfig> {
    const config = await this.#config.agree(wanted, foundAfterMs);
    this.#reportedFormat = config.formatVersion;
    return config;
  }

  /** ZooKeeper may serve another cluster in a fresh session. */
  connected(): void {
    this.#config.changed();
    this.maybeResume();
  }

  suspended(): void {
    this.#config.changed();
    this.#setStatus('suspended');
  }

  /** `config` may have changed, or the client has been closed. */
  changed(): void {
    this.#config.changed();
  }

  maybeResume(): void {
    if (this.#client.status === 'connected' && this.#config.isVerified) this.#setStatus('connected');
  }

  /**
   * Reads `config`, and reports a newer format, and a conflict that has begun or ended.
   * @throws ZnodeError if ZooKeeper did not answer
   */
  async check(): Promise<void> {
    await this.#config.check();
    this.#reportFormat();
    const { conflict } = this.#config;
    if (conflict === this.#reportedConflict || this.#closed) return;
    this.#reportedConflict = conflict;
    this.#listener.onConflict(conflict);
    if (conflict === undefined) return this.#listener.onConflictOver();
    if (this.#status !== 'connected') return;
    this.#setStatus('suspended');
    this.#listener.onCutOff();
  }

  /** Before a node writes lost data back, ZooKeeper must serve its cluster. @throws ZnodeError if it does not */
  async confirm(): Promise<void> {
    await this.check();
    if (!this.#config.isVerified) throw new ZnodeError('confirm config', returnCodes.connectionLoss, 'no');
  }

  #reportFormat(): void {
    const version = this.#config.agreed?.formatVersion;
    if (version === undefined || version === this.#reportedFormat || this.#closed) return;
    this.#reportedFormat = version;
    this.#listener.onFormat(version);
  }

  /** Nothing is reported after this. */
  close(): void {
    this.#closed = true;
  }

  #setStatus(status: SessionStatus): void {
    if (this.#status === status || this.#closed) return;
    this.#status = status;
    this.#listener.onSession(status);
  }
}
