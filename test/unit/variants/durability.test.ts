/** What a disk keeps, and what it must not be trusted with: variants that break one sentence of a rule, or of a restart, each. */
import { describeVariants, scenario, schedules } from './variant.js';
import { edit } from './variant-lab.js';

const disk = 'simulation/virtual/disk.ts';
const storedEntries = 'simulation/virtual/stored-entries.ts';
const primaryReads = 'primary/stored-entries.ts';

describeVariants('durability', [
  {
    rule: 'R1',
    does: 'keeps its identity where the disk was lost',
    edits: [edit('simulation/cluster/world.ts', '++node.ids', '1')],
    caughtBy: schedules(15),
  },
  {
    rule: 'R1',
    does: 'keeps its identity where the end of what it has acknowledged was lost with the power',
    edits: [edit(disk, 'this.#renamed(newId(), [...', 'this.#renamed(this.replicaId, [...')],
    caughtBy: schedules(60),
  },
  {
    rule: 'R1',
    does: 'keeps its identity where the end of its log is damaged',
    edits: [edit(disk, 'this.#renamed(newId(), this', 'this.#renamed(this.replicaId, this')],
    caughtBy: schedules(90),
  },
  {
    rule: 'R6',
    does: 'reads its log beyond a gap',
    edits: [
      edit(
        disk,
        'return gap === -1 ? [...writes] : writes.slice(0, gap);',
        'return gap === -1 ? [...writes] : writes.toSpliced(gap, 1);',
      ),
    ],
    caughtBy: schedules(60),
  },
  {
    rule: 'R6',
    does: 'reports a flush of what is only written',
    edits: [edit(disk, 'if (!this.#isFlushedLater) this.#noteFlushed();', 'this.#flushedCount = this.#changes.length;')],
    caughtBy: schedules(60),
  },
  {
    rule: 'R15',
    does: 'is revived with its data after it has left',
    edits: [edit('simulation/virtual/process.ts', 'return this.world.loseData(this.nodeIndex);', 'return;')],
    caughtBy: schedules(60),
  },
  {
    rule: 'R8',
    does: 'forgets with a restart the epoch in which it has acknowledged entries',
    edits: [
      edit('state/logged-metadata.ts', 'return this.#set({ history, epoch, epochId, epochRemovals: removals });', 'return;'),
    ],
    caughtBy: schedules(15),
  },
  {
    rule: 'R10',
    does: 'starts again with a snapshot, without the log up to its newest item',
    edits: [edit('state/replay.ts', '      this.#applyThrough(throughSeq);\n', '')],
    caughtBy: schedules(60),
  },
  {
    rule: 'R5',
    does: 'brings entries back that were cut before a restart',
    edits: [
      edit('state/replay.ts', "else if (change.type === 'truncate') this.#cutTo(change.afterSeq);", ''),
      edit(
        'state/replay.ts',
        'for (const entry of entries) {\n      const id',
        'for (const entry of entries) {\n      if (entry.seq <= this.#log.lastSeq) continue;\n      const id',
      ),
    ],
    caughtBy: schedules(60),
  },
  {
    rule: 'R10',
    does: 'sends a peer entries from its disk that were cut from its log',
    edits: [
      edit(
        storedEntries,
        'for (const entry of change.entries) found.set(entry.seq, entry);',
        'for (const entry of change.entries) if (!found.has(entry.seq)) found.set(entry.seq, entry);',
      ),
      edit(storedEntries, 'cut(found, change.afterSeq);', 'continue;'),
      edit(primaryReads, ' && epoch === stored.markAt(seq)?.epoch', ''),
    ],
    caughtBy: scenario('stored-log'),
  },
  {
    rule: 'R10',
    does: 'sends what is left of the log where a segment was removed while it was read',
    edits: [
      edit(storedEntries, 'if (entry === undefined) break;', 'if (entry === undefined) continue;'),
      edit(primaryReads, 'seq === firstSeq + index && ', ''),
    ],
    caughtBy: scenario('stored-log'),
  },
  {
    rule: 'R10',
    does: 'promises entries whose segments were removed',
    edits: [edit('state/stored-log.ts', 'if (seq <= this.#baseSeq) return;', 'if (seq !== this.#baseSeq) return;')],
    caughtBy: scenario('stored-log'),
  },
  {
    rule: 'R16',
    does: 'recognises no request after a restart that it had executed',
    edits: [edit('state/replay.ts', 'if (request !== undefined) this.#requests.apply(request);', '')],
    caughtBy: schedules(60),
  },
  {
    rule: 'R13',
    does: 'serves after a loss of power what is left of the log, although acknowledged writes may be lost',
    edits: [edit('testing/cluster.fixture.ts', '() => this.#newId(node.name),', '() => node.replicaId,')],
    caughtBy: scenario('power-loss'),
  },
]);
