/**
 * This node among the nodes: its registration, and whether another process has taken its id meanwhile (R2).
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
  /** Of this process: a namesake that is another one has another. */
  readonly #instance = randomUUID();
  #registration: NodeRegistration;
  /** When it registered last, as far as it has seen, and in which session. */
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

  /** From the next `znode.ensure()` on. */
  setLeaving(): void {
    this.#registration = { ...this.#registration, leaving: true };
  }

  /** What was read. @throws KvError CONFIG_MISMATCH if another has come under its id since it registered. */
  learn(nodes: readonly RegisteredNode[]): void {
    const order = ownOrder(nodes, this.#instance);
    if (order !== undefined) this.#registered = { order, sessionId: this.#client.sessionId };
    this.#yieldToNamesake(nodes);
  }

  /**
   * A session ended while this process was frozen or cut off: whoever has come under its id since has taken its place, and its
   * data. To register again would send that one away. @throws KvError CONFIG_MISMATCH
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
