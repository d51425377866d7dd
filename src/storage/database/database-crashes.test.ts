/**
 * Random schedules against plain maps: whatever commits a loss of power takes away, the rows that are left are exactly those of the
 * position that is left, and what the log has above it brings back everything.
 */
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeyWrite } from '../../replication/index.js';
import { compareUtf8, successorOf } from '../../utf8-order.js';
import type { RangeItem, RangePage, RangeQuery, StoredValue } from '../storage.js';
import { ModelDatabase } from './model-database.fixture.js';
import { DatabaseNode, numbersIn, type StoredTestReplica } from './stored-replica.fixture.js';

const shards = [0, 1];
const everything: RangeQuery = { from: '', most: 1_000, maxBytes: 100_000_000 };

const keys = fc.constantFrom('a', 'b', 'c', 'd', '\u{1f511}');
const write = fc.record({
  key: keys,
  value: fc.option(fc.uint8Array({ maxLength: 4 }), { freq: 4, nil: undefined }),
  expiresAtMs: fc.option(fc.nat(1_000), { freq: 2, nil: undefined }),
});
const entry = fc.uniqueArray(write, { maxLength: 3, selector: ({ key }) => key });
const shard = fc.constantFrom(...shards);
const steps = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('apply' as const), shard, entries: fc.array(entry, { maxLength: 4 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const), shard, baseSeq: fc.nat(5) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('join' as const), shard, loaded: fc.uniqueArray(keys), baseSeq: fc.nat(5) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('complete' as const), shard }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('loseAnswers' as const), answers: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('hold' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const) }) },
);
type Step = typeof steps extends fc.Arbitrary<infer T> ? T : never;

/** What a shard holds after each of its entries, by copy. */
class History {
  readonly #states = new Map<string, ReadonlyMap<string, StoredValue>>();

  remember({ resets, seq, items }: StoredTestReplica): void {
    this.#states.set(`${resets} ${seq}`, new Map(items));
  }

  at(resets: number, seq: number): ReadonlyMap<string, StoredValue> {
    return this.#states.get(`${resets} ${seq}`)!;
  }
}

async function turns(count: number): Promise<void> {
  for (let number = 0; number < count; number++) await turn();
}

class Schedule {
  readonly node = new DatabaseNode(new ModelDatabase());
  readonly replicas = shards.map((number) => this.node.create(number));
  readonly histories = shards.map(() => new History());

  constructor() {
    for (const number of shards) this.histories[number]!.remember(this.replicas[number]!);
  }

  async run(step: Step): Promise<void> {
    const { database } = this.node;
    if (step.kind === 'apply') this.#apply(step.shard, step.entries);
    else if (step.kind === 'turn') await turns(3);
    else if (step.kind === 'flush') this.node.writer.flushSoon();
    else if (step.kind === 'loseAnswers') database.lostAnswers = step.answers;
    else if (step.kind === 'hold') database.holdsWrites = true;
    else if (step.kind === 'release') database.releaseAll();
    else this.#change(step);
    for (const replica of this.replicas) expectVisible(replica);
  }

  #change(step: Extract<Step, { shard: number; kind: 'reset' | 'join' | 'complete' }>): void {
    const replica = this.replicas[step.shard]!;
    if (step.kind === 'reset') replica.reset(true, step.baseSeq);
    else if (step.kind === 'join') {
      replica.reset(false, step.baseSeq);
      replica.load(step.loaded.map((key, index) => ({ key, value: Uint8Array.of(index), version: 0, expiresAtMs: undefined })));
    } else if (!replica.complete) {
      // It rejects if the power is lost before.
      replica.finishLoad().catch(() => {});
    }
    this.histories[step.shard]!.remember(replica);
  }

  #apply(number: number, entries: readonly (readonly KeyWrite[])[]): void {
    for (const writes of entries) {
      this.replicas[number]!.apply(writes);
      this.histories[number]!.remember(this.replicas[number]!);
    }
  }

  /** Power is lost, and the node starts again: its log has everything that was applied. */
  async restart(kept: number): Promise<void> {
    const { disk } = this.node.database;
    // What is under way is never executed.
    this.node.database.isAway = true;
    this.node.database.releaseAll();
    await this.node.writer.close();
    disk.losePower(kept);
    const database = new ModelDatabase(disk);
    for (const { shard, position } of database.found) {
      if (!position.complete) continue;
      const page = await database.page(shard, everything);
      const rows = new Map(page.rows.map((row) => [row.key, row.version]));
      const expected = this.histories[shard]!.at(position.resets, position.seq);
      expect(rows, `shard ${shard}`).toEqual(new Map([...expected].map(([key, { version }]) => [key, version])));
    }
    const node = new DatabaseNode(database);
    // What was received of a snapshot is needed only once it was reported as durable.
    const durable = this.replicas.filter(({ isDurable }) => isDurable);
    for (const replica of durable) {
      const revived = node.revive(replica);
      revived.applyEntries(replica.entries.filter(({ seq }) => seq > revived.seq));
    }
    await node.writer.settle();
    for (const replica of durable) await expectStored(new ModelDatabase(disk), replica);
    await node.writer.close();
  }
}

async function expectStored(database: ModelDatabase, { shard, seq, items, numbers, resets }: StoredTestReplica): Promise<void> {
  const found = database.found.find((copy) => copy.shard === shard);
  expect(found?.position).toMatchObject({ complete: true, resets, seq });
  expect(numbersIn(found!)).toEqual(numbers);
  const { rows } = await database.page(shard, everything);
  expect(new Map(rows.map(({ key, ...stored }) => [key, stored]))).toEqual(items);
}

/** Reads come at once from the model, so nothing is lost between the overlay and a commit. */
function expectVisible({ engine, items }: StoredTestReplica): void {
  for (const key of ['a', 'b', 'c', 'd', '\u{1f511}']) expect(engine.get(key), key).toEqual(items.get(key));
  const found: RangeItem[] = [];
  for (let from = ''; ; from = successorOf(found.at(-1)!.key)) {
    const page = engine.range({ ...everything, from, most: 2 }) as RangePage;
    found.push(...page.items);
    if (page.isExhausted) break;
  }
  const ordered = [...items].sort(([one], [other]) => compareUtf8(one, other));
  expect(found).toEqual(ordered.map(([key, stored]) => ({ key, ...stored })));
}

describe('a loss of power', { timeout: 120_000 }, () => {
  it('leaves the rows of a position, from which the log brings back everything', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 40 }), fc.nat(12), async (schedule, kept) => {
        const node = new Schedule();
        for (const step of schedule) await node.run(step);
        await node.restart(kept);
      }),
      { seed: 2_019, numRuns: 200 },
    );
  });
});
