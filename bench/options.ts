/** What one benchmark run is told to do. */

export type Distribution = 'uniform' | 'zipf';

/** How operations travel; see `KvClientOptions.api`. */
export type Api = 'pipeline' | 'unary';

export interface WorkloadOptions {
  readonly api: Api;
  /** Worker threads, each with a client of its own; from 1. */
  readonly threads: number;
  readonly durationMs: number;
  /** Number of keys; with `verify` at least one for each thread. */
  readonly keyspace: number;
  /** Which keys come how often; with `zipf` the lowest come most. */
  readonly distribution: Distribution;
  /** Share of reads, 0 to 1. */
  readonly readRatio: number;
  /** Size of every value written. */
  readonly valueBytes: number;
  /** Operations under way at once in each thread; with a `rate` the most that may be. */
  readonly inFlight: number;
  /** Operations a second of all threads together, sent on schedule (open loop); undefined: closed loops. */
  readonly rate?: number;
  /** Of the sequence of operations: unsigned, 32 bits. */
  readonly seed: number;
  /** For each operation, retries included. */
  readonly deadlineMs: number;
  /** Write every key once before measuring. */
  readonly prefill: boolean;
  /** Record what was acknowledged and read every key back at the end. */
  readonly verify: boolean;
}

/** Of one thread, between two operations of an open loop. */
export function scheduleIntervalMs(rate: number, threads: number): number {
  return (threads * 1_000) / rate;
}

/** Where the cluster is. */
export type Target = { readonly zk: string; readonly root: string } | { readonly nodes: readonly string[] };

/** Keys of one thread: first index and the one after the last. */
export interface KeyRange {
  readonly from: number;
  readonly to: number;
}

/** The share of a thread: disjoint from all others, together the whole key space. */
export function ownKeys({ keyspace, threads }: WorkloadOptions, thread: number): KeyRange {
  return { from: Math.floor((keyspace * thread) / threads), to: Math.floor((keyspace * (thread + 1)) / threads) };
}

export function keyName(keyIndex: number): string {
  return `kvbench:${keyIndex}`;
}
