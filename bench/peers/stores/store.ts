/** The interface of a measured store: the start of its servers, and the client of a client process. */

/** A program that must be installed, and Debian's package of it. */
export interface NeededProgram {
  readonly program: string;
  readonly package: string;
}

export interface StoreClient {
  put(key: string, value: Buffer): Promise<unknown>;
  get(key: string): Promise<Buffer | undefined>;
  /** Only for stores in which a key must be created before it can be written. */
  create?(key: string, value: Buffer): Promise<unknown>;
  close(): Promise<void>;
}

export interface RunningStore {
  /** The addresses for clients, each host:port. */
  readonly addresses: readonly string[];
  /** The processes of its servers, those of a coordination service excepted. */
  readonly pids: readonly number[];
  /** Ends every server and deletes its data. */
  stop(): Promise<void>;
}

export interface PeerStore {
  /** The name in tables and charts. */
  readonly title: string;
  /** The setup of the store, and the promise of an operation. */
  readonly note: string;
  readonly needs?: NeededProgram;
  start(): Promise<RunningStore>;
  /** Connects a client. Called in the client process. */
  connect(addresses: readonly string[]): Promise<StoreClient>;
}
