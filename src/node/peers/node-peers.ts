/** Everything with which this node and the others replicate: its links, the replicas that others reach, the check which can be reached. */
import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { NodeRegistration } from '../../coordination/index.js';
import type { FrameCounts, TurnEnd } from '../../transport/index.js';
import type { PeerCluster } from '../../wire/peer/envelope.js';
import type { NodeAccount } from '../capacity/node-account.js';
import { PeerLinks } from './peer-links.js';
import { ReplicationServer } from './replication-server.js';
import { defaultMoveRateBytes, MoveRate } from './snapshot-pace.js';
import { UnreachableNodes } from './unreachable-nodes.js';

export interface NodePeersOptions {
  readonly nodeId: string;
  readonly cluster: PeerCluster;
  /** ZooKeeper session timeout. */
  readonly sessionMs: number;
  /** The bytes a second at which all snapshots of this node are sent together; undefined: the default. */
  readonly moveRate: number | undefined;
  readonly account: NodeAccount;
  /** Counts the frames of all connections to other nodes. */
  readonly frames: FrameCounts;
  readonly turn: TurnEnd;
  readonly logger: Logger;
}

/** A node that has been registered for this many sessions and cannot be reached has not just died. */
const unreachableSessions = 1.5;
/** Random bytes that distinguish the processes of a node. */
const incarnationBytes = 8;
/** Time between two looks for nodes that cannot be reached. */
const judgeMs = 1_000;

export class NodePeers {
  readonly cluster: PeerCluster;
  readonly links: PeerLinks;
  readonly server: ReplicationServer;
  /** Bounds everything that this node sends of whole shards: snapshots and dumps. */
  readonly moveRate: MoveRate;
  readonly #unreachable: UnreachableNodes;
  readonly #judging: NodeJS.Timeout;

  constructor({ nodeId, cluster, sessionMs, moveRate, account, frames, turn, logger }: NodePeersOptions) {
    this.cluster = cluster;
    this.#unreachable = new UnreachableNodes({ nodeId, patienceMs: unreachableSessions * sessionMs, logger });
    const onRefused = (peer: string, reason: string): void =>
      logger.warn({ peer, reason }, 'a node refuses to replicate with this one; its copies are out of sync until that is mended');
    this.moveRate = new MoveRate(moveRate ?? defaultMoveRateBytes);
    this.server = new ReplicationServer(cluster, this.moveRate);
    const incarnation = randomBytes(incarnationBytes).toString('hex');
    const own = { ...cluster, nodeId, incarnation, account, frames, turn };
    this.links = new PeerLinks({ own, requests: this.server, onRefused, observer: this.#unreachable });
    this.#judging = setInterval(() => this.#unreachable.judge(), judgeMs);
  }

  onSession(connected: boolean): void {
    this.#unreachable.onSession(connected);
  }

  onNodes(nodes: readonly NodeRegistration[]): void {
    this.#unreachable.onNodes(nodes);
    this.links.onNodes(nodes.map(({ nodeId }) => nodeId));
  }

  /** Ends all streams, those that would keep a server from shutting down included. */
  close(): void {
    clearInterval(this.#judging);
    this.links.close();
    this.server.close();
  }
}
