/** The options of one benchmark run. */

export type Distribution = 'uniform' | 'zipf';

/** The way operations are sent; see `KvClientOptions.api`. */
export type Api = 'pipeline' | 'unary';

/** What carries the pipeline; see `KvClientOptions.transport`. */
export type Transport = 'auto' | 'tcp' | 'grpc';

export interface WorkloadOptions {
  readonly api: Api;
  /** Has no effect on unary calls. */
  readonly transport: Transport;
  /** Worker threads, each with a client of its own; from 1. */
  readonly threads: number;
  readonly durationMs: number;
  /** Number of keys; with `verify` at least one for each thread. */
  readonly keyspace: number;
  /** The frequencies of the keys. With `zipf` the lowest keys are the most frequent. */
  readonly distribution: Distribution;
  /** Share of reads, 0 to 1. */
  readonly readRatio: number;
  /** Size of every value written. */
  readonly valueBytes: number;
  /** The number of operations in flight in each thread. With a `rate` it is the limit. */
  readonly inFlight: number;
  /** Operations per second of all threads together, sent on schedule (open loop). Undefined: closed loops. */
  readonly rate?: number;
  /** The seed of the sequence of operations: unsigned, 32 bits. */
  readonly seed: number;
  /** The deadline of each operation, retries included. */
  readonly deadlineMs: number;
  /** Write every key once before measuring. */
  readonly prefill: boolean;
  /** Record acknowledged writes, and read every key back at the end. */
  readonly verify: boolean;
}

/** The time between two operations of one thread in an open loop. */
export function scheduleIntervalMs(rate: number, threads: number): number {
  return (threads * 1_000) / rate;
}

/** The cluster to measure. */
export type BenchTarget = { readonly zk: string; readonly root: string } | { readonly nodes: readonly string[] };

/** The keys of one thread: the first index, and the index after the last. */
export interface KeyRange {
  readonly from: number;
  readonly to: number;
}

/** The share of a thread. The shares are disjoint, and together they are the whole key space. */
export function ownKeys({ keyspace, threads }: WorkloadOptions, thread: number): KeyRange {
  return { from: Math.floor((keyspace * thread) / threads), to: Math.floor((keyspace * (thread + 1)) / threads) };
}

export function keyName(keyIndex: number): string {
  return `kvbench:${keyIndex}`;
}
