/** What a node writes to its disk, and when it counts as kept: variants of the log, of snapshot files and of the data directory. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  flushesEpochs,
  flushesTheNameOfASmallFile,
  flushesTheNameOfASnapshot,
  keepsAnIdleReplica,
  keepsWhatItPromises,
  losesNothingByAFailedFlush,
  noticesARestartOfTheMachine,
  revivesNoReplica,
  takesNewIdentities,
} from './disk-checks.js';
import { describeShellVariants } from './shell-variant.js';
import { edit } from './variant-lab.js';

const wal = '../storage/wal';
const data = '../node/data';

describeShellVariants('the disk', [
  {
    rule: 'R6, always',
    does: 'counts a batch as kept when it is written and not flushed',
    edits: [
      edit(
        `${wal}/write-ahead-log.ts`,
        "(keptWhen === 'mode' && syncIntervalMs === undefined)",
        "(keptWhen === 'mode' && syncIntervalMs === 0)",
      ),
    ],
    check: keepsWhatItPromises('always', 'the power fails'),
  },
  {
    rule: 'R6, always',
    does: 'counts a batch as kept while its flush is under way',
    edits: [
      edit(
        `${wal}/batch-writer.ts`,
        'const { memory, flushMs } = await thread.run(this.#jobOf(batch, segment, flushBefore));',
        'const running = thread.run(this.#jobOf(batch, segment, flushBefore));\n    batch.markKept();\n    const { memory, flushMs } = await running;',
      ),
    ],
    check: keepsWhatItPromises('always', 'the power fails'),
  },
  {
    rule: 'R8, interval',
    does: 'counts records that must be flushed as kept when they are written',
    edits: [edit(`${wal}/write-ahead-log.ts`, "if (keptWhen === 'flushed' || ", 'if (')],
    check: keepsWhatItPromises('interval', 'the power fails'),
  },
  {
    rule: 'R8, interval',
    does: 'acknowledges in an epoch that is written and not flushed',
    edits: [
      edit(
        `${data}/replica-log.ts`,
        "return change.type === 'append' ? 'mode' : 'flushed';",
        "return change.type === 'truncate' ? 'flushed' : 'mode';",
      ),
    ],
    check: flushesEpochs(),
  },
  {
    rule: 'interval',
    does: 'goes on to the next segment while the one before is not flushed',
    edits: [
      edit(
        `${wal}/batch-writer.ts`,
        'const flushBefore = isFirst && number - 1 > this.#flushed ? before?.file : undefined;',
        'const flushBefore = isFirst && number - 1 < this.#flushed ? before?.file : undefined;',
      ),
    ],
    check: keepsWhatItPromises('interval', 'the power fails'),
  },
  {
    rule: 'R6, always',
    does: 'tries a failed flush of a batch again',
    edits: [
      edit(
        `${wal}/log-jobs.ts`,
        'if (job.flush) return',
        'try {\n        if (job.flush) files.flush(job.file);\n      } catch {}\n      if (job.flush) return',
      ),
    ],
    check: losesNothingByAFailedFlush('always'),
  },
  {
    rule: 'R6, interval',
    does: 'tries a failed flush of an interval again',
    edits: [
      edit(
        `${wal}/batch-writer.ts`,
        '(error: Error) => this.#fail(error),',
        '() => {\n        this.#flush = undefined;\n        return this.#flushNow();\n      },',
      ),
    ],
    check: losesNothingByAFailedFlush('interval'),
  },
  {
    rule: 'R6',
    does: 'removes a segment although a replica needs its entries',
    edits: [
      edit(
        `${wal}/write-ahead-log.ts`,
        'last = Math.min(last, (oldestNeeded ?? segment) - 1);',
        'last = Math.min(last, oldestNeeded === undefined ? segment - 1 : last);',
      ),
    ],
    check: keepsWhatItPromises('always', 'the process ends'),
  },
  {
    rule: 'R6',
    does: 'removes a segment before the metadata in the next one are flushed',
    edits: [edit(`${wal}/write-ahead-log.ts`, 'let last = this.#trimmedTo - 1;', 'let last = segment - 1;')],
    check: keepsWhatItPromises('always', 'the power fails'),
  },
  {
    rule: 'R10',
    does: 'takes a snapshot for durable before its file is complete',
    edits: [
      edit(
        `${data}/take-snapshot.ts`,
        '  await writer.finish(encoder.end(throughSeq));\n  await log.replaceSnapshot',
        '  void encoder.end(throughSeq);\n  await log.replaceSnapshot',
      ),
    ],
    check: keepsAnIdleReplica(),
  },
  {
    rule: 'R6',
    does: 'removes segments with entries that a snapshot does not hold',
    edits: [
      edit(
        `${data}/replica-log.ts`,
        'if (resets === this.#metadata.resets) this.journal.cover(seq);',
        'this.journal.cover(Infinity);',
      ),
    ],
    check: keepsAnIdleReplica(),
  },
  {
    rule: 'R6',
    does: 'gives a segment its name without a flush of the folder',
    edits: [
      edit(
        `${wal}/log-jobs.ts`,
        'files.rename(job.from, job.to);\n      files.flushFolder(job.folder);',
        'files.rename(job.from, job.to);',
      ),
    ],
    check: keepsWhatItPromises('always', 'the power fails'),
  },
  {
    rule: 'R10',
    does: 'gives a snapshot its name without a flush of the folder',
    edits: [edit('../storage/snapshots/snapshot-file.ts', '    flushFolder(dirname(this.#path));\n', '')],
    check: flushesTheNameOfASnapshot,
  },
  {
    rule: 'R10',
    does: 'gives a snapshot its name before its content is flushed',
    edits: [
      edit(
        '../storage/snapshots/snapshot-file.ts',
        'this.#append(chunkKinds.end, payload);\n    fdatasyncSync(this.#file);',
        'this.#append(chunkKinds.end, payload);',
      ),
    ],
    check: flushesTheNameOfASnapshot,
  },
  {
    rule: 'R1',
    does: 'replaces a small file of the data directory without a flush of the folder',
    edits: [
      edit(
        `${data}/durable-file.ts`,
        'await rename(temporary, path);\n  await flushFolder(dirname(path));',
        'await rename(temporary, path);',
      ),
    ],
    check: flushesTheNameOfASmallFile,
  },
  {
    rule: 'R1, interval',
    does: 'keeps its identity where acknowledged writes may be lost',
    edits: [edit(`${data}/disk-data.ts`, 'if (mark.isSet || mayLackWrites) {', 'if (mark.isSet) {')],
    check: takesNewIdentities(() => ({ mayLackWrites: true })),
  },
  {
    rule: 'R1, interval',
    does: 'does not notice that the machine has started anew',
    edits: [
      edit(
        `${data}/data-folder.ts`,
        'return this.#bootId === undefined || this.#lastRun?.bootId !== this.#bootId;',
        'return this.#bootId === undefined;',
      ),
    ],
    check: noticesARestartOfTheMachine,
  },
  {
    rule: 'R1',
    does: 'keeps its identity where the end of its log is damaged',
    edits: [edit(`${data}/disk-data.ts`, 'if (mark.isSet || mayLackWrites) {', 'if (mayLackWrites) {')],
    check: takesNewIdentities(damagesTheLog),
  },
  {
    rule: 'R15',
    does: 'revives a replica that has left',
    edits: [
      edit(
        `${data}/log-survey.ts`,
        'if (type === recordTypes.left) this.#replicas.delete(name);',
        'if (type === recordTypes.left) return;',
      ),
    ],
    check: revivesNoReplica(),
  },
  {
    rule: 'R15',
    does: 'does not record that a replica has left',
    edits: [edit(`${data}/durable-storage.ts`, 'return this.log.leave();', 'return this.log.kept;')],
    check: revivesNoReplica(),
  },
]);

/** Flips a bit of a record that had been flushed. */
function damagesTheLog(path: string): Record<string, never> {
  const file = join(path, 'wal', readdirSync(join(path, 'wal')).sort()[0]!);
  const bytes = readFileSync(file);
  bytes[bytes.indexOf('the value of b')]! ^= 1;
  writeFileSync(file, bytes);
  return {};
}
