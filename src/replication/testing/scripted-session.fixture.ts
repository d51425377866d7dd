/** A session with ZooKeeper whose conditions a script decides: without delays, and without chance. */
import type { Ensemble } from '../../../simulation/virtual/ensemble.js';
import type { EventQueue } from '../../../simulation/virtual/event-queue.js';
import type { SessionOwner } from '../../../simulation/virtual/session-owner.js';
import { scriptedPace } from '../../../simulation/virtual/session-pace.js';
import { ZookeeperSession } from '../../../simulation/virtual/zookeeper-session.js';

/** After this silence ZooKeeper takes a session for dead. */
const sessionMs = 6000;

export class ScriptedSession extends ZookeeperSession {
  constructor(queue: EventQueue, ensemble: Ensemble, owner: SessionOwner) {
    super(queue, ensemble, owner, scriptedPace, sessionMs);
  }

  /** The fate of its next compare-and-set, whose answer is lost. It stands until the loss is known. */
  set loseNextAnswer(fate: 'applied' | 'notApplied' | undefined) {
    this.loseNext = fate && { lateMs: fate === 'applied' ? 0 : undefined, reconnectMs: undefined };
  }
  get loseNextAnswer(): 'applied' | 'notApplied' | undefined {
    return this.loseNext && (this.loseNext.lateMs === undefined ? 'notApplied' : 'applied');
  }

  /** The server that it reads from lags by this number of changes of `state`. */
  set lag(changes: number) {
    this.shown.lag = changes;
  }
  get lag(): number {
    return this.shown.lag;
  }

  /** No connection succeeds until the script reconnects. */
  loseConnection(): void {
    this.disconnect(Number.POSITIVE_INFINITY);
  }
  /** The servers forget it. It is opened anew when the script reconnects. */
  end(): void {
    this.loseConnection();
    this.expire(0);
  }
}
