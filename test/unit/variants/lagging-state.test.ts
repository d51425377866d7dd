/** The applied state in a database beside the log: variants that break one sentence of what makes the two fit, each. */
import { describeVariants, laggings } from './variant.js';
import { edit } from './variant-lab.js';

const database = 'simulation/virtual/virtual-database.ts';
const disk = 'simulation/virtual/disk.ts';
const state = 'simulation/cluster/lagging-state.ts';
const client = 'simulation/cluster/sim-client.ts';
const replay = 'state/replay.ts';

describeVariants('state in a database', [
  {
    rule: 'R1',
    does: 'commits what the log has not flushed',
    edits: [edit(state, 'next === undefined || this.#owner.disk.flushedCount < next.afterChanges', 'next === undefined')],
    caughtBy: laggings(150),
  },
  {
    rule: 'R1',
    does: 'removes the log of what is committed and not flushed',
    edits: [
      edit(
        database,
        'return positionOf(this.#versions[this.#flushed]!, copy);',
        'return positionOf(this.#versions.at(-1)!, copy);',
      ),
    ],
    caughtBy: laggings(150),
  },
  {
    rule: 'R1',
    does: 'records a position before its rows',
    edits: [
      edit(
        database,
        'this.#versions.push({ writerId, resets, position, items });',
        'this.#versions.push({ writerId, resets, position, items: this.rowsOf({ writerId, resets }) }, { writerId, resets, position, items });',
      ),
    ],
    caughtBy: laggings(150),
  },
  {
    rule: 'R1',
    does: 'believes an older backup although its log begins later',
    edits: [
      edit(
        replay,
        'if (lacking !== undefined) return {',
        'if (isShort) this.#appliedSeq = baseSeq;\n    else if (lacking !== undefined) return {',
      ),
    ],
    caughtBy: laggings(150),
  },
  {
    rule: 'R1',
    does: 'believes a backup of the copy before this one',
    edits: [
      edit(
        database,
        'return version.writerId === writerId && version.resets === resets;',
        'return version.writerId === writerId;',
      ),
    ],
    caughtBy: laggings(150),
  },
  {
    rule: 'R10',
    does: 'records that a received copy is complete before the database has it',
    edits: [edit(disk, "(this.database !== undefined && change.type === 'complete')", 'false')],
    caughtBy: laggings(150),
  },
  {
    rule: 'R10',
    does: 'does not flush a received copy before it is recorded as complete',
    edits: [edit(state, 'this.#flush(() => this.#owner.diskReleased());', 'this.#owner.diskReleased();')],
    caughtBy: laggings(150),
  },
  {
    rule: 'R9',
    does: 'does not look at its lease again when a row has come',
    edits: [edit(client, 'isLate ? process.replica.refusalOfRead(process.nowMs) : undefined', 'undefined')],
    caughtBy: laggings(150),
  },
  {
    rule: 'R16',
    does: 'does not keep the executed requests with the position',
    edits: [
      edit(
        state,
        'throughSeq: position.seq, requests, requestFloor',
        'throughSeq: position.seq, requests: requests.slice(requests.length), requestFloor',
      ),
    ],
    caughtBy: laggings(150),
  },
  {
    rule: 'R6',
    does: 'forgets a row that was written again while an older one was committed',
    edits: [
      edit(
        'simulation/virtual/virtual-overlay.ts',
        'if (this.#rows.get(key) === pending) this.#rows.delete(key);',
        'if (pending !== undefined) this.#rows.delete(key);',
      ),
    ],
    caughtBy: laggings(150),
  },
  {
    rule: 'R12',
    does: 'stays primary although its database gives no answer and another member can lead',
    edits: [edit('leaving.ts', "if (role.kind === 'primary' && maybeHandOverImpaired(core, role)) return;", '')],
    caughtBy: laggings(150),
  },
]);
