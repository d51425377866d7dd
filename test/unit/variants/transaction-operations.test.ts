/**
 * What a transaction and its operations do (R6, docs/transactions.md): variants that break one sentence each. The history of what
 * clients saw has to show it.
 */
import { describeVariants, schedules } from './variant.js';
import { edit } from './variant-lab.js';

const file = 'primary/judge-transaction.ts';

describeVariants('the operations of a transaction', [
  {
    rule: 'R6',
    does: 'compares with what is applied, and not with the newest entry',
    edits: [
      edit('primary/write.ts', '{ seq, expiryAfter });', '{ seq, expiryAfter, stored } as never);'),
      edit(file, 'holds(compare, newest(compare.key))', 'holds(compare, (at as any).stored.get(compare.key))'),
    ],
    caughtBy: schedules(60),
  },
  {
    rule: 'R6',
    does: 'executes the other operations if every comparison holds',
    edits: [edit(file, 'of held ? operations : otherwise', 'of held ? otherwise : operations')],
    caughtBy: schedules(10),
  },
  {
    rule: 'R6',
    does: 'executes the operations although a comparison does not hold',
    edits: [edit(file, 'of held ? operations : otherwise', 'of operations')],
    caughtBy: schedules(10),
  },
  {
    rule: 'R6',
    does: 'is content with one comparison that holds',
    edits: [edit(file, 'compares.every(', 'compares.length === 0 || compares.some(')],
    caughtBy: schedules(60),
  },
  {
    rule: 'R6',
    does: 'does not compare whether a key exists',
    edits: [edit(file, 'if (exists !== undefined && exists !== (item.value !== undefined)) return false;', '')],
    caughtBy: schedules(60),
  },
  {
    rule: 'R6',
    does: 'does not compare values',
    edits: [edit(file, 'value === undefined || !isSameValue(ifValue, value)', 'value === undefined')],
    caughtBy: schedules(60),
  },
  {
    rule: 'R6',
    does: 'does not compare versions',
    edits: [edit(file, "if (ifVersion !== undefined && ifVersion !== version) return 'VERSION_MISMATCH';", '')],
    caughtBy: schedules(60),
  },
  {
    rule: 'R6',
    does: 'executes the operations before a refused one, in the same entry as those after it',
    edits: [
      edit(
        file,
        "if (typeof outcome === 'string') return { refusal: outcome, operation: index, currentVersion: newest(operation.key).version };",
        "if (typeof outcome === 'string') { results.push({ version: at.seq }); continue; }",
      ),
    ],
    caughtBy: schedules(60),
  },
  {
    rule: 'R6',
    does: 'sends to backups only the first write of an entry',
    edits: [
      edit(
        'primary/append-batch.ts',
        'prevSeq, prevEpoch, prevEpochId, runs, entries, commitIndex, flush });',
        'prevSeq, prevEpoch, prevEpochId, runs, entries: entries.map((entry) => ({ ...entry, writes: entry.writes.slice(0, 1) })), commitIndex, flush });',
      ),
    ],
    caughtBy: schedules(10),
  },
  {
    rule: 'R6',
    does: 'applies only the last write of an entry',
    edits: [
      edit(
        'state/core.ts',
        "this.effects.push({ type: 'apply', entries });",
        "this.effects.push({ type: 'apply', entries: entries.map((entry) => ({ ...entry, writes: entry.writes.slice(-1) })) });",
      ),
    ],
    caughtBy: schedules(10),
  },
  {
    rule: 'R6, R10',
    does: 'takes, over a snapshot, only the first write of each entry',
    edits: [
      edit(
        'state/core.ts',
        "this.effects.push({ type: 'apply', entries });",
        "const [isOver] = [(maxEntries ?? Infinity) < Infinity];\n    this.effects.push({ type: 'apply', entries: isOver ? entries.map((entry) => ({ ...entry, writes: entry.writes.slice(0, 1) })) : entries });",
      ),
    ],
    caughtBy: schedules(60),
  },
  {
    rule: 'R6',
    does: 'forgets the upper bound of an increment',
    edits: [edit(file, ' && (high === undefined || sum <= high)', '')],
    caughtBy: schedules(60),
  },
  {
    rule: 'R6',
    does: 'adds a little more than it is to',
    edits: [edit(file, 'const sum = before + step;', 'const sum = before + step + 1n;')],
    caughtBy: schedules(10),
  },
  {
    rule: 'R6',
    does: 'adds a little more to a short integer than it is to',
    edits: [edit(file, 'String(one + other)', 'String(one + other + 1)')],
    caughtBy: schedules(60),
  },
  {
    rule: 'R6',
    does: 'begins at zero although an increment names another initial value',
    edits: [edit(file, 'item.value === undefined ? initial : textOf', "item.value === undefined ? '0' : textOf")],
    caughtBy: schedules(60),
  },
  {
    rule: 'R6',
    does: 'forgets the limit of an append',
    edits: [edit(file, "if (valueBytes > maxBytes) return 'VALUE_TOO_LARGE';", '')],
    caughtBy: schedules(60),
  },
  {
    rule: 'R6',
    does: 'cuts what lies behind an overwritten range',
    edits: [
      edit(file, 'Math.max(before.length, offset + value.length)', 'offset + value.length'),
      edit(file, 'after.set(before);', 'after.set(before.subarray(0, valueBytes));'),
    ],
    caughtBy: schedules(60),
  },
  {
    rule: 'R6',
    does: 'answers getAndSet with the version that it writes, not with that which it replaced',
    edits: [edit(file, 'previousVersion: item.version,', 'previousVersion: at.seq,')],
    caughtBy: schedules(60),
  },
  {
    rule: 'R6',
    does: 'leaves the key in place after getAndDelete',
    edits: [
      edit(
        file,
        'value: kept(item), previousVersion: item.version }, ...rest };',
        'value: kept(item), previousVersion: item.version } };',
      ),
    ],
    caughtBy: schedules(60),
  },
]);
