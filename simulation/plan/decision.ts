/**
 * The decisions of a schedule: the requests of clients, and the faults with their times. Everything else, such as
 * delays and the order of messages, follows from the seed. Each decision stands by itself and each fault ends by
 * itself. So any subset of a schedule is a schedule, too, and a failing one can be shrunk.
 */

/** A node by its number, or by its role at the time of the fault. */
export type Target = number | 'primary' | 'backup' | 'joiner' | 'controller';

export type Fault =
  /** `keepsData` counts for durable replicas only. `silent`: as if unplugged, no connection is closed or refused. */
  | {
      readonly kind: 'crash';
      readonly at: Target;
      readonly keepsData: boolean;
      readonly silent: boolean;
      readonly downMs: number;
    }
  /** The process crashes while it carries out its next effects. */
  | { readonly kind: 'crashMidTurn'; readonly at: Target; readonly afterEffects: number; readonly downMs: number }
  | { readonly kind: 'pause'; readonly at: Target; readonly forMs: number }
  | { readonly kind: 'stop'; readonly at: Target; readonly withinMs: number; readonly downMs: number }
  /** Bytes from one node to the other wait; in the end they arrive, or the connection breaks. */
  | {
      readonly kind: 'cut';
      readonly at: Target;
      readonly to: Target;
      readonly bothWays: boolean;
      readonly breaks: boolean;
      readonly forMs: number;
    }
  | { readonly kind: 'isolate'; readonly at: Target; readonly breaks: boolean; readonly forMs: number }
  /** What is on its way on the old stream arrives `lingerMs` late, beside the new one; undefined: never. */
  | { readonly kind: 'breakStream'; readonly at: Target; readonly to: Target; readonly lingerMs: number | undefined }
  | { readonly kind: 'slow'; readonly at: Target; readonly to: Target; readonly delayMs: number; readonly forMs: number }
  /** The transport leaves beacons out. */
  | { readonly kind: 'dropBeacons'; readonly at: Target; readonly to: Target; readonly forMs: number }
  | { readonly kind: 'drift'; readonly at: Target; readonly rate: number }
  | { readonly kind: 'disconnect'; readonly at: Target; readonly forMs: number }
  /** ZooKeeper answers nothing to this node. */
  | { readonly kind: 'hang'; readonly at: Target; readonly forMs: number }
  | { readonly kind: 'expire'; readonly at: Target; readonly noticedAfterMs: number }
  /** The answer to its next compare-and-set is lost. The servers do it after `lateMs`; undefined: never. */
  | { readonly kind: 'loseAnswer'; readonly at: Target; readonly lateMs: number | undefined; readonly reconnectMs: number }
  | { readonly kind: 'lag'; readonly at: Target; readonly lagMs: number; readonly forMs: number }
  | { readonly kind: 'mute'; readonly at: Target; readonly forMs: number }
  /**
   * ZooKeeper comes back with all its data, with none, or with data from some changes earlier (a backup, a log
   * without its end).
   */
  | { readonly kind: 'zookeeperAway'; readonly forMs: number; readonly comesBack: 'whole' | 'empty' | 'older' }
  | { readonly kind: 'hangDisk'; readonly at: Target; readonly forMs: number }
  /** All machines lose power at once. Each starts again after `downMs`, and up to `spreadMs` more. */
  | { readonly kind: 'powerLoss'; readonly downMs: number; readonly spreadMs: number }
  /** The database of this node answers nothing. */
  | { readonly kind: 'stateAway'; readonly at: Target; readonly forMs: number }
  /** The process crashes, and an older backup takes the place of its database. */
  | { readonly kind: 'restoreState'; readonly at: Target; readonly downMs: number }
  /** The machine crashes, and the newest part of what its disks hold cannot be read any more. */
  | { readonly kind: 'damage'; readonly at: Target; readonly downMs: number }
  /**
   * Its next compare-and-set succeeds, and its answer is lost. All reads of ZooKeeper lag. The primary that `state` names
   * runs again if it was paused, but ZooKeeper does not answer it, so it can evict no member.
   */
  | { readonly kind: 'unheard'; readonly at: Target; readonly lagMs: number; readonly forMs: number }
  /** A snapshot reaches this joiner `lateMs` after the log that was sent with it, also after a `then` that voids it. */
  | {
      readonly kind: 'lateSnapshot';
      readonly at: Target;
      readonly lateMs: number;
      readonly forMs: number;
      readonly then: 'nothing' | 'new stream' | 'new epoch';
    }
  /** The shard belongs on these nodes, the preferred primary's first; each learns of it within `lateMs` (R15). */
  | { readonly kind: 'place'; readonly nodes: readonly number[]; readonly lateMs: number }
  /** The operator checks whether a copy is left, and gives up what only dead members held. */
  | { readonly kind: 'operator' };

/** A step of a replica during which a fault is worst. */
export type Moment =
  | 'claim'
  | 'membership'
  | 'handover'
  | 'took office'
  | 'serving'
  | 'snapshot begun'
  | 'snapshot chunk'
  | 'snapshot taken'
  | 'cut log'
  | 'sync'
  /** A primary answers a write of a client. */
  | 'write answered'
  /** A controller is about to write a placement. */
  | 'placement';

export type Decision =
  | { readonly atMs: number; readonly kind: 'fault'; readonly fault: Fault }
  /**
   * From `atMs` on, at the next such moment: the fault strikes the replica concerned instead of the fault's own
   * target.
   */
  | { readonly atMs: number; readonly kind: 'ambush'; readonly moment: Moment; readonly fault: Fault }
  /** No fault until the present ones are over and the cluster serves, which must be soon. */
  | { readonly atMs: number; readonly kind: 'rest' }
  /**
   * After a rest, the primary freezes and nothing else happens until another replica serves. This must be soon,
   * however long the session of the frozen primary lasts.
   */
  | { readonly atMs: number; readonly kind: 'failover' }
  /**
   * The same where the database of the primary ceases to answer. Then its successor freezes: a replica takes over whose database
   * answers.
   */
  | { readonly atMs: number; readonly kind: 'stateFailover' }
  | { readonly atMs: number; readonly kind: 'request'; readonly client: number; readonly key: string; readonly op: RequestKind };

/** `ifSeen`: under the condition that the key is still at the version that the client saw last. */
export type RequestKind = 'get' | 'put' | 'putIfSeen' | 'putIfAbsent' | 'delete' | 'deleteIfSeen';

export function describeDecision(decision: Decision): string {
  const at = `${Math.round(decision.atMs)} ms`.padStart(9);
  if (decision.kind === 'rest' || decision.kind === 'failover' || decision.kind === 'stateFailover')
    return `${at}  ${decision.kind}`;
  if (decision.kind === 'request') return `${at}  client ${decision.client}: ${decision.op} ${decision.key}`;
  if (decision.kind === 'fault') return `${at}  ${describeFault(decision.fault)}`;
  return `${at}  at the next "${decision.moment}", there: ${describeFault(decision.fault)}`;
}

export function describeFault({ kind, ...details }: Fault): string {
  const said = Object.entries(details).map(
    ([name, value]) => `${name} ${typeof value === 'number' ? Math.round(value * 100) / 100 : value}`,
  );
  return `${kind} ${said.join(', ')}`.trim();
}
