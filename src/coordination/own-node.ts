/**
 * This node's own registration. It also detects another process that has registered the same node id later (R2).
 */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { KvError } from '../errors.js';
import type { NodeRegistration } from './coordinator.js';
import { laterNamesake, ownOrder, type RegisteredNode, readNodes } from './node-reader.js';
import { OwnZnode } from './own-znode.js';
import type { ZnodeClient } from './znode-client.js';
import { encode, parseNode } from './znode-data.js';
import { nodePrefix } from './znode-paths.js';

export class OwnNode {
  readonly znode: OwnZnode;
  readonly #client: ZnodeClient;
  readonly #path: string;
  readonly #logger: Logger;
  /** Distinguishes this process from another process with the same node id. */
  readonly #instance = randomUUID();
  #registration: NodeRegistration;
  /** The order of its latest registration that was read, and the session of that registration. */
  #registered: { readonly order: number; readonly sessionId: string | undefined } | undefined;

  constructor(client: ZnodeClient, path: string, registration: NodeRegistration, logger: Logger) {
    this.#client = client;
    this.#path = path;
    this.#registration = registration;
    this.#logger = logger;
    this.znode = new OwnZnode(client, {
      parent: path,
      prefix: nodePrefix,
      data: () => encode({ ...this.#registration, instance: this.#instance }),
      madeHere: (data) => this.#madeHere(data),
    });
  }

  /** The next `znode.ensure()` publishes this. */
  setLeaving(): void {
    this.#registration = { ...this.#registration, leaving: true };
  }

  /**
   * Reads the node's own registration from a list. @throws KvError CONFIG_MISMATCH if another process registered the
   * same id later.
   */
  learn(nodes: readonly RegisteredNode[]): void {
    const order = ownOrder(nodes, this.#instance);
    if (order !== undefined) this.#registered = { order, sessionId: this.#client.sessionId };
    this.#yieldToNamesake(nodes);
  }

  /**
   * Checks before a new session registers again. While this process was frozen or cut off, another process may have
   * registered under its id; registering again would stop that process. @throws KvError CONFIG_MISMATCH
   */
  async yieldIfReplaced(): Promise<void> {
    if (this.#registered === undefined || this.#registered.sessionId === this.#client.sessionId) return;
    await this.#client.sync(this.#path);
    const { nodes } = await readNodes(this.#client, this.#path, false, this.#logger);
    this.#yieldToNamesake(nodes);
  }

  #yieldToNamesake(nodes: readonly RegisteredNode[]): void {
    if (this.#registered === undefined) return;
    const { nodeId } = this.#registration;
    const namesake = laterNamesake(nodes, nodeId, this.#instance, this.#registered.order);
    if (namesake === undefined) return;
    throw new KvError('CONFIG_MISMATCH', `another node with id ${nodeId} has registered, at ${namesake.address}`);
  }

  #madeHere(data: Buffer): boolean {
    try {
      return parseNode(data).instance === this.#instance;
    } catch {
      return false;
    }
  }
}
