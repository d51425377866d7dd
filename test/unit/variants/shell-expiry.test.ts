/** Variants of the shell that break expiry (R17): reads, and what the core is told about a key that is due. */
import { expect } from 'vitest';
import type { TestRequest } from '../../../src/node/operations/every-api/test-request.fixture.js';
import type { PreparedCheck } from './shell-checks.js';
import { describeShellVariants } from './shell-variant.js';
import { edit } from './variant-lab.js';

const ttlMs = 500;
const key = Buffer.from('k');
const get: TestRequest = { kind: 'get', key };
const put: TestRequest = { kind: 'put', key, value: Buffer.from('v') };
const outcomesFile = '../node/operations/operation-outcomes.ts';
const localShardFile = '../node/shards/local-shard.ts';
const endOfRead = 'if (expiresInMs === 0) return this.#parts.readDue(caller, id, key, shard, local, tracking);';

interface Outcome {
  readonly answer: object;
  /** Entries that the backup has: the put is the first, and the deletion of the key the second. */
  readonly entriesAtBackup: number;
}

/** @param expected the outcome of a request by unary call for a key that is due. */
function meetsDueKey(request: TestRequest, expected: Outcome): PreparedCheck {
  return async () => {
    const { Scenario } = await import('../../../src/replication/testing/scenario.fixture.js');
    const { TestNode } = await import('../../../src/node/operations/every-api/test-node.fixture.js');
    const { clockOf, directoryOf } = await import('../../../src/node/shards/served-shard.fixture.js');
    return async () => {
      const c = Scenario.of('a b');
      clockOf(c);
      const node = new TestNode(c, 'a', directoryOf(c, 'a'));
      await node.send('unary', { ...put, ttlMs } as TestRequest);
      c.elapse(ttlMs);
      const answer = await node.send('unary', request);
      const entriesAtBackup = c.status('b').lastSeq;
      await node.close();
      expect({ answer, entriesAtBackup }).toEqual(expected);
    };
  };
}

const seenAsGone = meetsDueKey(get, { answer: { found: false, value: '', version: 0 }, entriesAtBackup: 2 });

describeShellVariants('expiry in the shell', [
  { rule: 'R17', does: 'answers a get with a value that is due', edits: [edit(outcomesFile, endOfRead, '')], check: seenAsGone },
  {
    rule: 'R17',
    does: 'shows that a key is gone before its deletion is in the log',
    edits: [
      edit(
        outcomesFile,
        endOfRead,
        'if (expiresInMs === 0) return this.got(caller, id, undefined, 0, undefined, false, tracking);',
      ),
    ],
    check: seenAsGone,
  },
  {
    rule: 'R17',
    does: 'judges a condition by a key that is due',
    edits: [edit(localShardFile, 'expiresAtMs: storedExpiresAtMs } = newest', 'storedExpiresAtMs } = newest as any')],
    check: meetsDueKey({ ...put, ifVersion: 0 } as TestRequest, { answer: { version: 3 }, entriesAtBackup: 3 }),
  },
]);
