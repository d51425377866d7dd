/** Variants of the shell that break what a node promises of a transaction as a whole: its limit, its one shard, its locks (R6). */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'vitest';
import type { AnswerSink } from '../../../src/node/shards/shard-host.js';
import type { KeyOperation, TransactEvent } from '../../../src/replication/index.js';
import type { PreparedCheck } from './shell-checks.js';
import { describeShellVariants } from './shell-variant.js';
import { edit } from './variant-lab.js';

/** @param count of operations, all on one key. @param executed whether the node accepts them. */
function judgesCount(count: number, executed: boolean): PreparedCheck {
  return async () => {
    const { ChangeDecoder } = await import('../../../src/node/operations/change.js');
    const { changes } = await import('../../../src/wire/contract/change-messages.js');
    const { KvError } = await import('../../../src/errors.js');
    return async () => {
      const operations = Array.from({ length: count }, () => ({ get: { key: Buffer.from('k') } }));
      const message = changes.transact.request.encode({ operations } as never);
      let refusal: string | undefined;
      try {
        new ChangeDecoder(1_000).decode('transact', { buffer: message, valueStart: 0, valueEnd: message.length, client: '' });
      } catch (error) {
        refusal = error instanceof KvError ? `${error.code} ${error.executed}` : String(error);
      }
      expect(refusal).toBe(executed ? undefined : 'INVALID_ARGUMENT no');
    };
  };
}

/** `a` and `b` belong to the shards 0 and 1 of two, and `{a}b` to that of `a`. */
async function refusesKeysOfSeveralShards() {
  const { shardOfAll } = await import('../../../src/node/operations/shard-of-all.js');
  return async () => {
    const shards = ['a', 'b', '{a}b'].map((key) => shardOfAll([key], 2));
    expect(new Set(shards).size).toBe(2);
    expect(shardOfAll(['a', '{a}b'], 2)).toBe(shards[0]);
    expect(() => shardOfAll(['a', 'b'], 2)).toThrow(/the keys belong to the shards 0, 1; .* nothing was executed/);
  };
}

/**
 * Two transactions that add to a counter which each names beside another key, over a storage whose read takes a turn. Each is judged by
 * what it has read under the stripes of its keys.
 */
async function judgesOneTransactionOfAKeyAtATime() {
  const { LocalOperation, LocalShard } = await import('../../../src/node/shards/local-shard.js');
  const { Stripes } = await import('../../../src/node/shards/stripes.js');
  return async () => {
    let sum = 0;
    const host = {
      isPrimary: true,
      epoch: 1,
      isPrimaryIn: () => true,
      uncommittedItem: () => undefined,
      storage: { get: () => nextTurn({ value: Uint8Array.of(sum), version: 1 }) },
      write({ stored, token }: TransactEvent) {
        sum = (stored.get('counter')!.value![0] ?? 0) + 1;
        (token as AnswerSink).answer({ kind: 'transacted', version: 1, held: true, results: [{ version: sum }] });
      },
    };
    const admission = { refusalOf: () => undefined, refusalOfCost: () => undefined };
    type Parts = ConstructorParameters<typeof LocalShard>;
    const shard = new LocalShard(host as unknown as Parts[0], new Stripes(), admission as unknown as Parts[2]);
    const add = (...keys: string[]) =>
      new Promise<number>((resolve, reject) => {
        class Add extends LocalOperation {
          override succeeded = resolve;
          override failed = reject;
        }
        const operations = keys.map((key): KeyOperation => ({ kind: 'getAndDelete', key }));
        shard.transact({ transaction: { compares: [], operations, otherwise: [] }, keys }, new Add(), 0);
      });
    expect(await Promise.all([add('one', 'counter'), add('other', 'counter'), add('counter', 'one')])).toEqual([1, 2, 3]);
  };
}

const stripesFile = '../node/shards/stripes.ts';
const stripesOfKeys = 'this.#mutexesOf(keys)';
const limit = 'if (count <= maxTransactionOperations) return;';

describeShellVariants('transactions in the shell', [
  {
    rule: 'limit',
    does: 'executes a transaction of 1,025 operations',
    edits: [edit('../node/operations/change.ts', limit, 'if (count > 0) return;')],
    check: judgesCount(1_025, false),
  },
  {
    rule: 'limit',
    does: 'refuses a transaction of 1,024 operations',
    edits: [edit('../node/operations/change.ts', limit, 'if (count < maxTransactionOperations) return;')],
    check: judgesCount(1_024, true),
  },
  {
    rule: 'one shard',
    does: 'executes a transaction with keys of several shards at the shard of the first',
    edits: [edit('../node/operations/shard-of-all.ts', '!== shard) refuse', '< 0) refuse')],
    check: refusesKeysOfSeveralShards,
  },
  {
    rule: 'R6',
    does: 'locks only the first key of a transaction',
    edits: [edit(stripesFile, stripesOfKeys, `${stripesOfKeys}.slice(0, 1)`)],
    check: judgesOneTransactionOfAKeyAtATime,
  },
  {
    rule: 'R6',
    does: 'locks only the last key of a transaction',
    edits: [edit(stripesFile, stripesOfKeys, `${stripesOfKeys}.slice(-1)`)],
    check: judgesOneTransactionOfAKeyAtATime,
  },
  {
    rule: 'R6',
    does: 'begins a transaction while another one holds the stripe of one of its keys',
    edits: [edit(stripesFile, 'mutexes.some((mutex) => mutex.isLocked())', 'mutexes.every((mutex) => mutex.isLocked())')],
    check: judgesOneTransactionOfAKeyAtATime,
  },
  {
    rule: 'R6',
    does: 'gives the stripes back before a transaction has been judged',
    edits: [edit(stripesFile, '    await section();', '    void section();')],
    check: judgesOneTransactionOfAKeyAtATime,
  },
]);
