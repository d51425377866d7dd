/** One store that is measured: how its servers are started, and how a client process talks to them. */

/** A program that must be there, and Debian's package that holds it. */
export interface NeededProgram {
  readonly program: string;
  readonly package: string;
}

export interface StoreClient {
  put(key: string, value: Buffer): Promise<unknown>;
  get(key: string): Promise<Buffer | undefined>;
  /** For stores in which a key has to be made before it can be written. */
  create?(key: string, value: Buffer): Promise<unknown>;
  close(): Promise<void>;
}

export interface RunningStore {
  /** host:port of what a client connects to. */
  readonly addresses: readonly string[];
  /** Ends every server and deletes what it kept. */
  stop(): Promise<void>;
}

export interface Store {
  /** For the reader of the tables. */
  readonly title: string;
  /** How it is set up, and what an operation on it promises. */
  readonly note: string;
  readonly needs?: NeededProgram;
  start(): Promise<RunningStore>;
  /** In the client process. */
  connect(addresses: readonly string[]): Promise<StoreClient>;
}
