/** What a replica's notes look like in the log: constant text, values as fields. Operators read these lines. */
import type { Logger } from 'pino';
import { type Effect, type Note, nameOf, nodeIdOf } from '../replication/index.js';
import type { RepeatedLines } from './repeated-lines.js';

export class ShardLog {
  readonly #shard: number;
  readonly #write: (level: keyof Lines, fields: object, text: string, sense?: string) => void;
  readonly #logger: Lines;

  /** `logger` adds which shard and replica it is; `lines` sees to it that many shards do not fill the log. */
  constructor(shard: number, logger: Logger, lines: RepeatedLines) {
    this.#shard = shard;
    this.#write = (level, fields, text, sense) => lines.write(logger, { shard, level, fields, text, sense });
    const at = (level: keyof Lines) => (fields: object, text: string) => this.#write(level, fields, text);
    this.#logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }

  role({ role, epoch }: Extract<Effect, { type: 'roleChanged' }>): void {
    this.#write('info', { role, epoch }, 'role changed', role);
  }

  note(note: Note, self: string): void {
    logNote(this.#logger, this.#shard, note, self);
  }
}

type Lines = Readonly<Record<'debug' | 'info' | 'warn' | 'error', (fields: object, text: string) => void>>;

function logNote(logger: Lines, shard: number, note: Note, self: string): void {
  switch (note.kind) {
    case 'serving':
      return logger.info({ inSync: note.inSync }, 'serving');
    case 'membersProposed':
      return logProposal(logger, note);
    case 'inSyncChanged':
      logger.info({ inSync: note.inSync }, 'in-sync set changed');
      if (note.inSync.length === 1 && note.inSync[0] === self) {
        logger.warn({}, 'a single copy is all there is: if this node dies, acknowledged writes are lost with it');
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
    case 'stoodStill':
      return logger.warn(
        { forMs: Math.round(note.forMs) },
        'the process stood still: longer than a lease, and it would be taken for dead',
      );
    case 'dumpTaken':
      return logger.info({ seq: note.seq }, 'dump received');
    case 'offline':
      return logOffline(logger, shard, note.lost);
    case 'twoHistories':
      return logger.error(
        { held: nameOf(note.held), found: nameOf(note.found) },
        `ZooKeeper names history ${nameOf(note.found)}, and the data here is of history ${nameOf(note.held)}: it is kept, and ` +
          `nothing is served until an operator chooses: kvctl shard force-primary ${shard} --history ID`,
      );
    case 'otherHistory':
      return logger.warn(
        { peer: note.peer, history: note.history, epoch: note.epoch },
        'a replica holds data of another history, and does not follow: an operator has to choose which of them goes on',
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

/** Who is taken out is told with the reason: it is what an operator asks first. */
function logProposal(logger: Lines, { added, removed }: Extract<Note, { kind: 'membersProposed' }>): void {
  const level = removed.length > 0 ? 'info' : 'debug';
  logger[level]({ added, removed }, 'change of the in-sync set proposed');
}

function logOffline(logger: Lines, shard: number, lost: readonly string[] | undefined): void {
  const command = `kvctl shard force-primary ${shard} --accept-data-loss`;
  if (lost === undefined) {
    logger.error(
      { command },
      `the state of the shard is gone from ZooKeeper; to go on with what the live nodes hold, run: ${command}`,
    );
    return;
  }
  const nodes = lost.map(nodeIdOf).join(', ');
  logger.error(
    { lost, command },
    `no member of the in-sync set is live: acknowledged writes are held only by ${nodes}; ` +
      `bring one back with its data, or give up what only they hold: stop them for good and run: ${command}`,
  );
}
