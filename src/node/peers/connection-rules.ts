/**
 * The rules of the one connection between two nodes: which node opens it, when, and which connection stays if there are two. Both
 * nodes judge by the same rules, each by its own knowledge.
 *
 * The node with the lower id opens the connection. The other one waits, because two connections at once would only be closed again.
 * It opens one by itself when none has come for a while, when a primary needs the connection now, or when a connection has just
 * broken: a refused attempt is a quick hint that the process there is dead.
 *
 * Pure: no I/O and no clock.
 */

/** The time between two attempts of the node that opens connections, doubled from the first to the longest. */
const firstRetryMs = 50;
const maxRetryMs = 1_000;
/** The node with the higher id leaves the other one this time to open the connection: at first, and after some failures. */
const patienceMs = 2_000;
/** A process that dies may accept a connection for a moment more, so one attempt would not be enough for the hint. */
const hintAttempts = 3;

export function opensFirst(ownId: string, otherId: string): boolean {
  return ownId < otherId;
}

/** From when the connection is wanted until the first attempt. */
export function firstDelayMs(first: boolean): number {
  return first ? 0 : patienceMs;
}

/**
 * From the end of a connection or an attempt until the next attempt.
 *
 * @param failures attempts in a row that brought no message that was understood, or that were refused. 0: a connection that worked
 *   has broken.
 */
export function retryDelayMs(first: boolean, failures: number): number {
  if (failures === 0) return 0;
  if (!first && failures >= hintAttempts) return patienceMs;
  return Math.min(maxRetryMs, firstRetryMs * 2 ** (failures - 1));
}

/** A connection that is up, or one that this node opens and in which it has introduced itself. */
export interface KnownConnection {
  /** The connection's name, chosen by the node that has opened it. */
  readonly name: string;
  /** Whether this node has opened it. */
  readonly isOwn: boolean;
  /** The process at the other end; undefined: it has not introduced itself. */
  readonly incarnation: string | undefined;
}

/** A connection that the other node opens. */
export interface Newcomer {
  /** The process that opens it. */
  readonly incarnation: string;
  /** The name of the last connection that this process had, and has lost. Empty: none. */
  readonly lost: string;
}

/**
 * Whether a connection that the other node opens takes the place of the one that is known here. A process opens a connection only
 * while it has none, so the one that is known here leads nowhere, unless the two nodes have opened theirs at the same time.
 *
 * @param first whether this node is the one that opens the connection.
 */
export function takesPlace(newcomer: Newcomer, known: KnownConnection | undefined, first: boolean): boolean {
  // A process that has ended opens no connection, so another process is a newer one.
  if (known?.incarnation !== undefined && known.incarnation !== newcomer.incarnation) return true;
  const isSimultaneous = known?.isOwn === true && known.name !== newcomer.lost;
  // Of two simultaneous ones that of the node with the lower id stays.
  return !isSimultaneous || !first;
}
