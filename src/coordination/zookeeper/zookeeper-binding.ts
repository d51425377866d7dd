/**
 * Types of the part of the `zookeeper` package that kvnode uses: the package's own types are weak and leak global
 * names.
 *
 * The package is native code and may not be built on a machine that uses only a part of kvnode, so it is loaded on
 * demand. Only one thread of a process may load it.
 */
import type { EventEmitter } from 'node:events';
import { KvError } from '../../errors.js';

export interface NativeStat {
  readonly version: number;
  /** The version of the list of children: grows with every child that is created or deleted. */
  readonly cversion: number;
  /** Hexadecimal; '0' if there is none. */
  readonly ephemeralOwner: string;
}

export interface NativeOptions {
  /** Literal addresses: the package looks up host names in a call that blocks. */
  readonly connect: string;
  readonly timeout: number;
  /** 0 is silent: with any other level the package writes to stdout and stderr, past the logger. */
  readonly debug_level: 0;
  readonly host_order_deterministic: boolean;
  /** After this many reads in a row that complete no message, the package treats its session as expired. */
  readonly response_counter_limit: number;
  /** Id and password of the session to resume; both are set or neither. */
  readonly client_id?: string;
  readonly client_password?: string;
}

type Answer<Values extends unknown[]> = (returnCode: number, message: string, ...values: Values) => void;

/**
 * Every method returns 0 if the package accepted the call. Any other value is an error code, and the callback never
 * runs. Versions must be numbers: the package reads a missing one as 0.
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
