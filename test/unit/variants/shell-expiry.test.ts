/** Variants of the shell that break expiry (R17): reads, and what the core is told about a key that is due. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { TestRequest } from '../../../src/node/operations/every-api/test-request.fixture.js';
import type { PreparedCheck } from './shell-checks.js';
import { type Edit, edit, loadEdited } from './variant-lab.js';

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

const variants: readonly { does: string; edits: readonly Edit[]; check: PreparedCheck }[] = [
  { does: 'answers a get with a value that is due', edits: [edit(outcomesFile, endOfRead, '')], check: seenAsGone },
  {
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
    does: 'judges a condition by a key that is due',
    edits: [edit(localShardFile, 'expiresAtMs: storedExpiresAtMs } = newest', 'storedExpiresAtMs } = newest as any')],
    check: meetsDueKey({ ...put, ifVersion: 0 } as TestRequest, { answer: { version: 3 }, entriesAtBackup: 3 }),
  },
];

describe('broken on purpose: expiry in the shell', { timeout: 120_000 }, () => {
  afterEach(() => void vi.restoreAllMocks());
  for (const { does, edits, check } of variants) {
    it(`R17: ${does}`, async () => {
      const unbroken = await loadEdited([], check);
      await unbroken();
      vi.restoreAllMocks();
      const broken = await loadEdited(edits, check);
      await expect(broken()).rejects.toThrow(/^expected/);
    });
  }
});
