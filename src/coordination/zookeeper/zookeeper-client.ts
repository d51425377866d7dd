/**
 * The ZnodeClient of a real ZooKeeper.
 *
 * It keeps one session open until it is closed. Each connection is a native client object of its own, which resumes
 * the session of the previous one. An object that does not connect in time is replaced. While suspended, the client
 * sends nothing: the C client would queue a request and send it at some later time.
 *
 * Each connection uses the addresses that the servers' names have at that moment. A lost connection causes a new
 * look-up.
 */
import { KvError } from '../../errors.js';
import type { Resolver } from '../../net/index.js';
import type {
  Children,
  CreateMode,
  CreateResult,
  DeleteZnodeResult,
  ReadOptions,
  SetResult,
  Znode,
  ZnodeClient,
  ZnodeClientStatus,
  ZnodeListener,
  ZnodeStat,
} from '../znode-client.js';
import { returnCodes, ZnodeError } from '../znode-client.js';
import { endSession } from './end-session.js';
import { type NativeAnswer, NativeSession, type SessionCredentials } from './native-session.js';
import { nativeConnectString, ServerAddresses } from './server-addresses.js';
import { loadNativeClient, type NativeConstructor, type NativeStat } from './zookeeper-binding.js';

export interface ZookeeperClientOptions {
  /** host:port[,host:port]…, without a chroot. */
  readonly servers: string;
  readonly sessionMs: number;
  /** `connect` rejects after this time without a connection. */
  readonly startupTimeoutMs: number;
  /** Default: the resolver that the process shares. */
  readonly resolver?: Resolver;
}

const createFlags: Record<CreateMode, number> = { persistent: 0, ephemeralSequential: 3 };

/**
 * The time in which the first native client object must connect. It doubles with each attempt, up to half the session
 * timeout, so that a slow server can still be reached. At two thirds of the session timeout the object would time out
 * by itself, with the harm that native-session.ts describes.
 */
const firstAttemptMs = 500;

const silent: ZnodeListener = { onConnected() {}, onSuspended() {}, onExpired() {}, onChanged() {} };

export class ZookeeperClient implements ZnodeClient {
  readonly #Native: NativeConstructor;
  readonly #options: ZookeeperClientOptions;
  readonly #servers: ServerAddresses;
  #listener: ZnodeListener = silent;
  #session: NativeSession | undefined;
  #credentials: SessionCredentials | undefined;
  #status: ZnodeClientStatus = 'suspended';
  #attemptMs: number;
  #attemptTimer: NodeJS.Timeout | undefined;
  /** True while no address of a server is known. */
  #awaitsAddresses = false;
  #onFirstConnection: (() => void) | undefined;
  #openedMs = 0;
  #provenMs = Number.NEGATIVE_INFINITY;
  #closing: Promise<void> | undefined;

  /** @throws KvError COORDINATION_UNAVAILABLE after `startupTimeoutMs`. */
  static async connect(options: ZookeeperClientOptions): Promise<ZookeeperClient> {
    const client = new ZookeeperClient(await loadNativeClient(), options);
    await client.#start();
    return client;
  }

  private constructor(Native: NativeConstructor, options: ZookeeperClientOptions) {
    this.#Native = Native;
    this.#options = options;
    const openIfAwaited = (): void => {
      if (this.#awaitsAddresses) this.#open();
    };
    this.#servers = new ServerAddresses(options.servers, openIfAwaited, { resolver: options.resolver });
    this.#attemptMs = Math.min(firstAttemptMs, options.sessionMs / 2);
  }

  get status(): ZnodeClientStatus {
    return this.#status;
  }

  get sessionId(): string | undefined {
    return this.#credentials?.sessionId;
  }

  get provenMs(): number {
    return this.#provenMs;
  }

  listen(listener: ZnodeListener): void {
    this.#listener = listener;
  }

  #start(): Promise<void> {
    const { servers, startupTimeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const message = `no ZooKeeper answered at --zk ${servers} within ${startupTimeoutMs} ms${this.#servers.problems}`;
        void this.close();
        reject(new KvError('COORDINATION_UNAVAILABLE', message));
      }, startupTimeoutMs);
      this.#onFirstConnection = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#open();
    });
  }

  #open(): void {
    if (this.#status === 'closed') return;
    const connect = nativeConnectString(this.#servers.list);
    this.#awaitsAddresses = connect === '';
    if (this.#awaitsAddresses) return;
    this.#openedMs = performance.now();
    const ifCurrent = (act: () => void): void => {
      if (this.#session === session && this.#status !== 'closed') act();
    };
    const { sessionMs } = this.#options;
    const session: NativeSession = new NativeSession(this.#Native, { connect, sessionMs }, this.#credentials, {
      onConnect: (credentials) => ifCurrent(() => this.#connected(credentials)),
      onLost: () => ifCurrent(() => this.#lost()),
      onEnded: () => ifCurrent(() => this.#expired()),
      onChanged: (path) => ifCurrent(() => this.#listener.onChanged(path)),
    });
    this.#session = session;
    this.#attemptTimer = setTimeout(() => this.#openAnother(), this.#attemptMs);
    this.#attemptMs = Math.min(this.#attemptMs * 2, sessionMs / 2);
  }

  #openAnother(): void {
    clearTimeout(this.#attemptTimer);
    this.#session?.close();
    this.#session = undefined;
    this.#servers.renew();
    // A new socket must not be opened in the turn in which the old one was closed: see native-session.ts.
    setImmediate(() => this.#open());
  }

  #connected(credentials: SessionCredentials): void {
    clearTimeout(this.#attemptTimer);
    this.#attemptMs = Math.min(firstAttemptMs, this.#options.sessionMs / 2);
    const fresh = credentials.sessionId !== this.sessionId;
    this.#credentials = credentials;
    // A quorum of servers agrees on the creation of a session, but not on its resumption.
    this.#provenMs = fresh ? this.#openedMs : Number.NEGATIVE_INFINITY;
    this.#status = 'connected';
    const onFirstConnection = this.#onFirstConnection;
    this.#onFirstConnection = undefined;
    if (onFirstConnection !== undefined) onFirstConnection();
    else this.#listener.onConnected(credentials.sessionId, fresh);
  }

  #lost(): void {
    this.#suspended();
    this.#openAnother();
  }

  #suspended(): void {
    if (this.#status !== 'connected') return;
    this.#status = 'suspended';
    this.#listener.onSuspended();
  }

  #expired(): void {
    this.#suspended();
    const hadSession = this.#credentials !== undefined;
    this.#credentials = undefined;
    this.#openAnother();
    if (hadSession) this.#listener.onExpired();
  }

  async create(path: string, data: Buffer, mode: CreateMode): Promise<CreateResult> {
    const answer = await this.#write<[path: string]>(`create ${path}`, (native, done) =>
      native.a_create(path, data, createFlags[mode], done),
    );
    if (answer.returnCode === returnCodes.ok) return { kind: 'created', path: answer.values[0] };
    return { kind: answer.returnCode === returnCodes.nodeExists ? 'exists' : 'missing' };
  }

  async get(path: string, options: ReadOptions): Promise<Znode | undefined> {
    const answer = await this.#call<[stat: NativeStat | null, data: Buffer | null]>(`get ${path}`, (native, done) =>
      native.a_get(path, options.watch, done),
    );
    const [stat, data] = answer.values;
    if (answer.returnCode !== returnCodes.ok || stat === null) return undefined;
    return { data: data ?? Buffer.alloc(0), stat: statOf(stat) };
  }

  async stat(path: string, options: ReadOptions): Promise<ZnodeStat | undefined> {
    const answer = await this.#call<[stat: NativeStat | null]>(`stat ${path}`, (native, done) =>
      native.a_exists(path, options.watch, done),
    );
    const [stat] = answer.values;
    return answer.returnCode !== returnCodes.ok || stat === null ? undefined : statOf(stat);
  }

  async children(path: string, options: ReadOptions): Promise<Children | undefined> {
    const answer = await this.#call<[names: string[] | null, stat: NativeStat | null]>(`children ${path}`, (native, done) =>
      native.a_get_children2(path, options.watch, done),
    );
    const [names, stat] = answer.values;
    return answer.returnCode === returnCodes.ok && stat !== null ? { names: names ?? [], version: stat.cversion } : undefined;
  }

  async set(path: string, data: Buffer, version: number): Promise<SetResult> {
    const answer = await this.#write<[stat: NativeStat | null]>(`set ${path}`, (native, done) =>
      native.a_set(path, data, version, done),
    );
    const [stat] = answer.values;
    if (answer.returnCode === returnCodes.ok && stat !== null) return { kind: 'set', version: stat.version };
    return { kind: answer.returnCode === returnCodes.badVersion ? 'conflict' : 'missing' };
  }

  async delete(path: string, version: number): Promise<DeleteZnodeResult> {
    const answer = await this.#write<[]>(`delete ${path}`, (native, done) => native.a_delete_(path, version, done));
    if (answer.returnCode === returnCodes.ok) return { kind: 'deleted' };
    if (answer.returnCode === returnCodes.notEmpty) return { kind: 'notEmpty' };
    return { kind: answer.returnCode === returnCodes.badVersion ? 'conflict' : 'missing' };
  }

  async sync(path: string): Promise<void> {
    await this.#call<[path: string]>(`sync ${path}`, (native, done) => native.a_sync(path, done));
  }

  /** An executed write raises `provenMs` for later reads on this connection. */
  async #write<Values extends unknown[]>(
    operation: string,
    submit: Parameters<typeof NativeSession.prototype.call<Values>>[1],
  ): Promise<NativeAnswer<Values>> {
    const session = this.#session;
    const sentMs = performance.now();
    const answer = await this.#call<Values>(operation, submit);
    const isProof = answer.returnCode === returnCodes.ok && session === this.#session && this.#status === 'connected';
    if (isProof) this.#provenMs = Math.max(this.#provenMs, sentMs);
    return answer;
  }

  async #call<Values extends unknown[]>(
    operation: string,
    submit: Parameters<typeof NativeSession.prototype.call<Values>>[1],
  ): Promise<NativeAnswer<Values>> {
    if (this.#session === undefined || this.#status !== 'connected') {
      throw new ZnodeError(operation, returnCodes.connectionLoss, 'no');
    }
    return this.#session.call(operation, submit);
  }

  /** Ends the session if it is connected, within 1.5 s. Otherwise the session expires by itself. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const session = this.#status === 'connected' ? this.#credentials : undefined;
    const servers = this.#servers.list;
    this.#status = 'closed';
    clearTimeout(this.#attemptTimer);
    this.#servers.close();
    this.#session?.close();
    this.#session = undefined;
    if (session !== undefined) await endSession(servers, session);
  }
}

function statOf(stat: NativeStat): ZnodeStat {
  return { version: stat.version, ephemeralOwner: stat.ephemeralOwner === '0' ? undefined : stat.ephemeralOwner };
}
