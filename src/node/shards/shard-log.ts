/** Writes the notes of a replica to the log, for operators: constant text, with values as fields. */
import type { Logger } from 'pino';
import type { LogThrottle } from '../../logging/log-throttle.js';
import { type CoreStatus, type Effect, type Line, type Note, nameOf, nodeIdOf } from '../../replication/index.js';

export class ShardLog {
  readonly #shard: number;
  readonly #inMemory: boolean;
  readonly #write: (level: keyof Lines, fields: object, text: string, sense?: string) => void;
  readonly #logger: Lines;

  /**
   * @param inMemory the data of the shard ends with the process.
   * @param logger names the shard and the replica.
   * @param throttle keeps many shards from filling the log with equal lines.
   */
  constructor(shard: number, inMemory: boolean, logger: Logger, throttle: LogThrottle) {
    this.#shard = shard;
    this.#inMemory = inMemory;
    this.#write = (level, fields, text, sense) => throttle.write(logger, { shard, level, fields, text, sense });
    const at = (level: keyof Lines) => (fields: object, text: string) => this.#write(level, fields, text);
    this.#logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }

  role({ role, epoch }: Extract<Effect, { type: 'roleChanged' }>): void {
    this.#write('info', { role, epoch }, 'role changed', role);
  }

  /** @param replica its status after the event that the note reports. */
  note(note: Note, replica: CoreStatus): void {
    logNote(this.#logger, { shard: this.#shard, inMemory: this.#inMemory }, note, replica);
  }
}

type Lines = Readonly<Record<'debug' | 'info' | 'warn' | 'error', (fields: object, text: string) => void>>;

interface Logged {
  readonly shard: number;
  readonly inMemory: boolean;
}

function logNote(logger: Lines, logged: Logged, note: Note, replica: CoreStatus): void {
  switch (note.kind) {
    case 'serving':
      return logger.info({ inSync: note.inSync }, 'serving');
    case 'membersProposed':
      return logProposal(logger, note);
    case 'inSyncChanged':
      logger.info({ inSync: note.inSync }, 'in-sync set changed');
      if (note.inSync.length === 1 && note.inSync[0] === replica.replicaId) {
        logger.warn({}, `there is only a single copy: ${singleCopyRisk(logged.inMemory)}`);
      }
      return;
    case 'paused':
      return logger.warn(
        {},
        'paused: neither all in-sync replicas nor ZooKeeper can be reached; nothing is served until they answer',
      );
    case 'resumed':
      return logger.info({}, 'resumed');
    case 'claiming':
      return logger.info({ silentMs: Math.round(note.silentMs) }, 'no beacon of the primary: claiming the shard');
    case 'stalled':
      return logger.warn(
        { forMs: Math.round(note.forMs) },
        'the process stalled: after a stall longer than a lease other nodes take this one for dead',
      );
    case 'snapshotTaken':
      return logger.info({ seq: note.seq }, 'snapshot received');
    case 'readsStoredLog':
      return logger.info(
        { peer: note.peer, fromSeq: note.fromSeq, throughSeq: note.throughSeq },
        'a replica lacks entries that are read from the log on disk',
      );
    case 'storedLogUnavailable':
      return logger.warn(
        { peer: note.peer, fromSeq: note.fromSeq },
        'the log on disk does not have the entries that a replica lacks, or cannot be read: the replica takes a snapshot',
      );
    case 'offline':
      return logOffline(logger, logged, note.lost, replica);
    case 'twoHistories':
      return logTwoHistories(logger, logged.shard, note.held, note.found);
    case 'otherHistory':
      return logger.warn(
        { peer: note.peer, history: note.history, epoch: note.epoch },
        'a replica holds data of another history, and does not follow: an operator has to choose which one to keep',
      );
    case 'historyGivenUp':
      return logger.warn(
        { held: nameOf(note.held) },
        'an operator has given up the history whose data was held here: it is discarded, and a copy of the chosen one taken',
      );
    case 'stateWentBack':
      return logger.error(
        { before: note.from, now: note.to ?? 'nothing' },
        'ZooKeeper has lost data: it shows an older state of the shard than it did',
      );
    case 'handover':
      return logger.info({ successor: note.to }, 'handing over');
    case 'historyEnded':
      return logger.warn(
        {},
        'this was the last copy, and it lived in memory: its data ends with this node, and the next node begins empty',
      );
    case 'diskOverdue':
      return logger.error({}, 'stepped down: a write of the own log is overdue');
  }
}

function singleCopyRisk(inMemory: boolean): string {
  if (inMemory) return 'if this node dies, acknowledged writes are lost with it';
  return 'while this node is away the shard is not served, and if its disk fails, acknowledged writes are lost with it';
}

/** Each removed member has the reason with it, which is what an operator wants to know first. */
function logProposal(logger: Lines, { added, removed }: Extract<Note, { kind: 'membersProposed' }>): void {
  const level = removed.length > 0 ? 'info' : 'debug';
  logger[level]({ added, removed }, 'change of the in-sync set proposed');
}

/** Without its flag the command only shows a plan: how to resume the shards, and what would be lost, if anything. */
const planCommand = 'kvctl shard force-primary --all';

/** The text is the same for all shards of one event, so that one line can stand for many. */
function logOffline(logger: Lines, { shard, inMemory }: Logged, lost: readonly string[] | undefined, replica: CoreStatus): void {
  const { line, foundHistory, state, epoch } = replica;
  const command = planCommand;
  if (line !== undefined && foundHistory !== undefined) return logTwoHistories(logger, shard, line, foundHistory);
  if (lost === undefined) {
    const copy =
      line === undefined
        ? 'this node holds no copy of it: bring back a node that still runs and holds one (frozen, cut off)'
        : 'this node keeps its copy and serves nothing until an operator resumes the shard';
    logger.error(
      { command },
      `ZooKeeper has lost the state of the shard; ${copy}. To see what would be lost, if anything: ${command}`,
    );
  } else if (state !== undefined && state.epoch < epoch) {
    logger.error(
      { command, epoch, stateEpoch: state.epoch },
      'ZooKeeper shows an older state of the shard than this replica knows, as after a restored backup; this node keeps its copy and ' +
        `serves nothing until an operator resumes the shard. To see what would be lost, if anything: ${command}`,
    );
  } else {
    const nodes = lost.map(nodeIdOf).join(', ');
    const restarted = inMemory
      ? 'and one that was restarted has lost its data.'
      : 'and so does one that is started with its data.';
    logger.error(
      { lost, command },
      `no member of the in-sync set is live: every acknowledged write is held only by ${nodes}; a process there that still runs ` +
        `(frozen, cut off) serves again once it is back, ${restarted} ` +
        `To see what would be lost without them: ${command}`,
    );
  }
}

function logTwoHistories(logger: Lines, shard: number, held: Line, found: Line): void {
  logger.error(
    { held: nameOf(held), found: nameOf(found), command: `kvctl shard force-primary ${shard}` },
    `ZooKeeper names history ${nameOf(found)}, and the data here is of history ${nameOf(held)}: it is kept, and ` +
      `nothing is served until an operator chooses: kvctl shard force-primary ${shard} --history ID`,
  );
}
