/**
 * What kvnode uses of the `zookeeper` package, typed: the package's own types are weak and leak global names.
 *
 * The package is native and may not be built where only a part of kvnode is used, so it is loaded when it is needed. It may
 * be loaded in one thread of a process only.
 */
import type { EventEmitter } from 'node:events';
import { KvError } from '../../errors.js';

export interface NativeStat {
  readonly version: number;
  /** Of the list of children: grows with every one that comes or goes. */
  readonly cversion: number;
  /** Hexadecimal; '0' if there is none. */
  readonly ephemeralOwner: string;
}

export interface NativeOptions {
  /** Names in it are looked up in a call that blocks. */
  readonly connect: string;
  readonly timeout: number;
  /** 0 is silence: anything else writes to stdout and stderr past the logger. */
  readonly debug_level: 0;
  readonly host_order_deterministic: boolean;
  /** Reads in a row that complete no message before the package takes its session for expired. */
  readonly response_counter_limit: number;
  /** Of the session to take up; both or none. */
  readonly client_id?: string;
  readonly client_password?: string;
}

type Answer<Values extends unknown[]> = (returnCode: number, message: string, ...values: Values) => void;

/**
 * Every method returns 0 if the call was taken, else a code, and then the callback is never called. Versions must be
 * numbers: the package takes a missing one for 0.
 */
export interface NativeClient extends EventEmitter {
  readonly client_id: string;
  readonly client_password: string;
  readonly state: number;
  init(options: object): unknown;
  close(): unknown;
  /** Closes the connection if its address is not among these. */
  set_servers(servers: string): unknown;
  a_create(path: string, data: Buffer, flags: number, answer: Answer<[path: string]>): unknown;
  a_get(path: string, watch: boolean, answer: Answer<[stat: NativeStat | null, data: Buffer | null]>): unknown;
  a_exists(path: string, watch: boolean, answer: Answer<[stat: NativeStat | null]>): unknown;
  a_get_children2(path: string, watch: boolean, answer: Answer<[names: string[] | null, stat: NativeStat | null]>): unknown;
  a_set(path: string, data: Buffer, version: number, answer: Answer<[stat: NativeStat | null]>): unknown;
  a_delete_(path: string, version: number, answer: Answer<[]>): unknown;
  a_sync(path: string, answer: Answer<[path: string]>): unknown;
}

export type NativeConstructor = new (options: NativeOptions) => NativeClient;

/** @throws KvError COORDINATION_UNAVAILABLE if the package has not been built. */
export async function loadNativeClient(): Promise<NativeConstructor> {
  try {
    const binding = (await import('zookeeper')) as unknown as { readonly default: NativeConstructor };
    return binding.default;
  } catch (cause) {
    const message = 'the zookeeper package has not been built for this version of Node.js: run scripts/setup';
    throw new KvError('COORDINATION_UNAVAILABLE', message, { cause });
  }
}
