/** All client processes of a run, and the history of their operations. */
import { join } from 'node:path';
import type { FinalState, Operation } from '../../verification/index.js';
import type { FaultCluster } from '../cluster/fault-cluster.js';
import type { Load } from '../profiles/profile.js';
import { ClientProcess } from './client-process.js';
import { type ClientTask, patientDeadlineMs, patientName, pinnedName } from './client-wire.js';
import { recordedKeyOf } from './recorded-keys.js';

/** Limits the final reads. They may begin before an outage has ended, and 100,000 keys take a while. */
const finalReadsPatienceMs = 600_000;

export class ClientFleet {
  readonly history: Operation[] = [];
  readonly #cluster: FaultCluster;
  readonly #load: Load;
  readonly #seed: number;
  readonly #folder: string;
  #clients: ClientProcess[] = [];
  /** The latest start of an answered operation. */
  #answeredUs = 0;

  constructor(cluster: FaultCluster, load: Load, seed: number, folder: string) {
    this.#cluster = cluster;
    this.#load = load;
    this.#seed = seed;
    this.#folder = folder;
  }

  /** Resolves when all clients are connected. */
  async start(): Promise<void> {
    const { processes, patientProcesses, mix, pinnedReaders } = this.#load;
    this.#clients = Array.from({ length: processes }, (_, index) => {
      const isPatient = index < patientProcesses;
      const deadline = isPatient ? { deadlineMs: patientDeadlineMs } : {};
      return this.#spawn(`${isPatient ? patientName : 'c'}${index}`, mix, { seed: this.#seed + index, ...deadline });
    });
    if (pinnedReaders > 0) this.#clients.push(this.#spawn(pinnedName, 'pinned reads', { workers: pinnedReaders }));
    await Promise.all(this.#clients.map((client) => client.ready));
  }

  /** Whether the clients have reported an answered operation that began after this moment. */
  servedSince(timeUs: number): boolean {
    return this.#answeredUs > timeUs;
  }

  /** Waits for the calls under way. @throws Error if a client has died: the history would be incomplete. */
  async stop(): Promise<void> {
    const ended = await Promise.allSettled(this.#clients.map((client) => client.stop()));
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  }

  /** Reads every key once; the reads become part of the history. Keys that could not be read are missing. */
  async readEveryKey(): Promise<FinalState> {
    const before = this.history.length;
    const reader = this.#spawn('final', 'read every key');
    await reader.finished(finalReadsPatienceMs);
    const found = new Map<string, { value: string; version: number } | undefined>();
    for (const { key, outcome } of this.history.slice(before)) {
      if (outcome.kind === 'found') found.set(key, outcome);
      else if (outcome.kind === 'missing') found.set(key, undefined);
    }
    return found;
  }

  /** The keys that the load may have written and that the final reads could not read. */
  unread(final: FinalState): string[] {
    const keys = Array.from({ length: this.#load.keyspace }, (_, index) => recordedKeyOf(index));
    return keys.filter((key) => !final.has(key));
  }

  #spawn(name: string, work: ClientTask['work'], more: Partial<ClientTask> = {}): ClientProcess {
    const { keyspace, deadlineMs, workers, atOnce, thinkMs } = this.#load;
    const nodes = this.#cluster.nodes.map(({ address }) => address);
    const limits = { keyspace, deadlineMs, workers, atOnce, thinkMs };
    const task: ClientTask = { name, nodes, seed: this.#seed, ...limits, work, ...more };
    return new ClientProcess(this.#cluster.clients, task, join(this.#folder, `${name}.log`), (operations) => {
      for (const operation of operations) this.#add(operation);
    });
  }

  #add(operation: Operation): void {
    this.history.push(operation);
    const { client, outcome, invokedAtUs } = operation;
    if (client.startsWith(pinnedName)) return;
    if (outcome.kind !== 'refused' && outcome.kind !== 'unknown') this.#answeredUs = Math.max(this.#answeredUs, invokedAtUs);
  }
}
