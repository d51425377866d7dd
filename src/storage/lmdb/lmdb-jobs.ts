/** The program of a thread of the database: it opens the environment, and executes one job after the other. */
import type { MessagePort } from 'node:worker_threads';
import type { DueKey } from '../../replication/index.js';
import type { CopyPosition, FoundCopy, RowPage, RowTotals } from '../database/state-database.js';
import type { RangeQuery } from '../storage.js';
import type { CommitMessage } from './commit-message.js';
import { environmentBytes } from './environment-file.js';
import { EnvironmentReader } from './environment-reader.js';
import { EnvironmentWriter } from './environment-writer.js';
import { type LmdbEnvironment, openEnvironment } from './lmdb-environment.js';
import { type FailureReport, reportOf } from './lmdb-error.js';

/** Each job, and what it results in. */
export interface LmdbJobs {
  /** The first job of a thread that writes. */
  readonly openToWrite: { readonly job: { readonly folder: string }; readonly result: readonly FoundCopy[] };
  /** The first job of a thread that reads. */
  readonly openToRead: { readonly job: { readonly folder: string }; readonly result: undefined };
  readonly begin: {
    readonly job: { readonly shard: number; readonly position: CopyPosition | undefined };
    readonly result: undefined;
  };
  readonly removeSome: { readonly job: { readonly shard: number; readonly most: number }; readonly result: number };
  readonly commit: {
    readonly job: CommitMessage;
    readonly result: { readonly totals: readonly RowTotals[]; readonly fileBytes: number };
  };
  readonly page: {
    readonly job: { readonly shard: number; readonly query: RangeQuery };
    readonly result: RowPage;
  };
  readonly earliest: {
    readonly job: { readonly shard: number; readonly most: number };
    readonly result: readonly DueKey[];
  };
  readonly close: { readonly job: object; readonly result: undefined };
}

export type LmdbJob = { [Kind in keyof LmdbJobs]: { readonly kind: Kind } & LmdbJobs[Kind]['job'] }[keyof LmdbJobs];

export type LmdbAnswer = { readonly result: unknown } | { readonly failure: FailureReport };

/** Executes the jobs that come through the port, and answers each, in order. */
export function serveLmdb(port: Pick<MessagePort, 'on' | 'postMessage' | 'close'>): void {
  const executor = new JobExecutor();
  port.on('message', (job: LmdbJob) => {
    void executor.execute(job).then(
      (result) => port.postMessage({ result } satisfies LmdbAnswer),
      (error: unknown) => port.postMessage({ failure: reportOf(error) } satisfies LmdbAnswer),
    );
  });
}

class JobExecutor {
  #folder = '';
  #environment: LmdbEnvironment | undefined;
  #reader: EnvironmentReader | undefined;
  #writer: EnvironmentWriter | undefined;

  async execute(job: LmdbJob): Promise<LmdbJobs[keyof LmdbJobs]['result']> {
    switch (job.kind) {
      case 'openToWrite':
        this.#open(job.folder, 'write');
        this.#writer = new EnvironmentWriter(this.#environment!);
        return this.#writer.found;
      case 'openToRead':
        this.#open(job.folder, 'read');
        this.#reader = new EnvironmentReader(this.#environment!);
        return undefined;
      case 'begin':
        this.#writer!.begin(job.shard, job.position);
        return undefined;
      case 'removeSome':
        return this.#writer!.removeSome(job.shard, job.most);
      case 'commit': {
        const totals = this.#writer!.commit(job);
        return { totals, fileBytes: environmentBytes(this.#folder) };
      }
      case 'page':
        this.#reader!.refresh();
        return this.#reader!.page(job.shard, job.query);
      case 'earliest':
        this.#reader!.refresh();
        return this.#reader!.earliest(job.shard, job.most);
      case 'close':
        await this.#environment?.close();
        return undefined;
    }
  }

  #open(folder: string, access: 'read' | 'write'): void {
    this.#folder = folder;
    this.#environment = openEnvironment(folder, access);
  }
}
