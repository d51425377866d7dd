/** Transactions (R6): variants that break one sentence each. */
import { describeVariants, scenario } from './variant.js';
import { edit } from './variant-lab.js';

const file = 'primary/write.ts';

describeVariants('transaction', [
  {
    rule: 'R6',
    does: 'judges a transaction by what is stored, not by the newest entry',
    edits: [edit(file, 'if (newest !== undefined) return itemOf(newest, key);', '')],
    caughtBy: scenario('transaction'),
  },
  {
    rule: 'R6',
    does: 'appends an entry for each write of a transaction',
    edits: [
      edit(
        file,
        'return append(core, role, { writes, token, given, sync, request: recorded, isTimed: writes.some(isExpiring) });',
        'for (const write of writes) append(core, role, { writes: [write], token, given });\n    return;',
      ),
    ],
    caughtBy: scenario('transaction'),
  },
  {
    rule: 'R6',
    does: 'answers a transaction that wrote nothing before the entries that it was judged by have committed',
    edits: [edit(file, 'Math.max(0, ...judgedBy) || undefined', 'Math.min(...judgedBy) || undefined')],
    caughtBy: scenario('transaction'),
  },
  {
    rule: 'R6, R9',
    does: 'answers a transaction that wrote nothing without a lease',
    edits: [
      edit(
        file,
        'answerJudged(core, role, Math.max(0, ...judgedBy) || undefined, { token, answer: given, sync });',
        'const last = Math.max(0, ...judgedBy);\n  if (last > 0) answerJudged(core, role, last, { token, answer: given });\n  else answer(core, token, given);',
      ),
    ],
    caughtBy: scenario('transaction'),
  },
  {
    rule: 'R6',
    does: 'writes what came before a refused operation of the same transaction',
    edits: [
      edit(
        'primary/judge-transaction.ts',
        "if (typeof outcome === 'string') return { refusal: outcome, operation: index, currentVersion: newest(operation.key).version };",
        "if (typeof outcome === 'string') break;",
      ),
    ],
    caughtBy: scenario('transaction'),
  },
  {
    rule: 'R6',
    does: 'answers with memory of the store, which may have changed by then',
    edits: [edit('primary/judge-transaction.ts', 'isStored ? value?.slice() : value', 'value')],
    caughtBy: scenario('transaction'),
  },
  {
    rule: 'R6',
    does: 'lets an operation of a transaction not see the one before it',
    edits: [edit('primary/judge-transaction.ts', 'written.get(operation.key) ?? newest(operation.key)', 'newest(operation.key)')],
    caughtBy: scenario('transaction'),
  },
]);
