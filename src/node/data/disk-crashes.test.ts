/** Random writes to a few replicas whose node crashes at random moments: what was durable is found again, as it was. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KeyWrite } from '../../replication/index.js';
import { ModelDatabase } from '../../storage/database/model-database.fixture.js';
import { optionsOver } from './database-data.fixture.js';
import { expectFound, smallLog, TestFolders } from './disk-data.fixture.js';
import type { DiskData } from './disk-data.js';
import { deleting, TestReplica, writing } from './test-replica.fixture.js';

const folders = new TestFolders();

const writes: fc.Arbitrary<KeyWrite[]> = fc
  .uniqueArray(
    fc.record({ key: fc.nat(12), value: fc.option(fc.nat(3_000)), expiresAtMs: fc.option(fc.nat(1_000), { nil: undefined }) }),
    { minLength: 1, maxLength: 3, selector: ({ key }) => key },
  )
  .map((list) =>
    list.map(({ key, value, expiresAtMs }) =>
      value === null ? deleting(`key ${key}`) : writing(`key ${key}`, `${value}`.padEnd(value, '.'), expiresAtMs),
    ),
  );

/** Where the applied states are: each opening of the data gets its options here. */
interface States {
  options(): Parameters<TestFolders['open']>[1];
  /** The process has ended, and the machine perhaps lost its power. */
  crash(): void;
}

class StatesInMemory implements States {
  options() {
    return smallLog;
  }
  crash(): void {}
}

/** A loss of power may take away every commit since the last flush, or some of them. */
class StatesInDatabase implements States {
  #database = new ModelDatabase();
  #crashes = 0;

  options() {
    return optionsOver(this.#database);
  }

  crash(): void {
    const { disk } = this.#database;
    this.#database.isAway = true;
    disk.losePower(this.#crashes++ % 4);
    this.#database = new ModelDatabase(disk);
  }
}

/** Three replicas in one data directory, which crashes again and again. */
class CrashingNode {
  readonly #states: States;
  readonly #steps: Record<string, (replica: TestReplica, contents: readonly KeyWrite[][]) => unknown>;
  #path = folders.create();
  #data!: DiskData;
  #replicas: TestReplica[] = [];
  #epoch = 1;

  constructor(states: States) {
    this.#states = states;
    this.#steps = {
      append: (replica, contents) => replica.append(...contents),
      apply: (replica) => replica.apply(Math.ceil((replica.lastSeq - replica.appliedSeq) / 2)),
      epoch: (replica) => replica.setEpoch(++this.#epoch),
      cut: (replica) => replica.truncate(replica.appliedSeq + Math.floor((replica.lastSeq - replica.appliedSeq) / 2)),
      reset: (replica) => replica.reset(replica.lastSeq + 10, true),
      wait: (replica) => replica.durable,
      crash: () => this.#crash(),
    };
  }

  async run(steps: readonly { readonly shard: number; readonly kind: string; readonly contents: KeyWrite[][] }[]): Promise<void> {
    this.#data = await folders.open(this.#path, this.#states.options());
    this.#replicas = [0, 1, 2].map((shard) => TestReplica.create(this.#data, shard));
    for (const replica of this.#replicas) replica.setEpoch(1);
    for (const { shard, kind, contents } of steps) await this.#steps[kind]!(this.#replicas[shard]!, contents);
    await this.#crash();
    await this.#data.close(false);
    await folders.removeAll();
  }

  async #crash(): Promise<void> {
    await Promise.all(this.#replicas.map(({ durable }) => durable));
    this.#path = folders.copyOf(this.#path);
    this.#states.crash();
    await this.#data.close(false);
    this.#data = await folders.open(this.#path, this.#states.options());
    const { recovered } = this.#data;
    expect(recovered).toHaveLength(this.#replicas.length);
    const before = this.#replicas;
    this.#replicas = recovered.map((found, index) => before[index]!.revived(found));
    for (const [index, found] of recovered.entries()) await expectFound(found, before[index]!);
  }
}

test.each([
  ['memory', () => new StatesInMemory()],
  ['a database', () => new StatesInDatabase()],
])('a crash at any moment loses nothing that was durable, with the data in %s', { timeout: 180_000 }, async (_name, states) => {
  const kind = fc.oneof(
    { weight: 12, arbitrary: fc.constant('append') },
    { weight: 6, arbitrary: fc.constant('apply') },
    { weight: 3, arbitrary: fc.constant('wait') },
    { weight: 1, arbitrary: fc.constantFrom('epoch', 'cut', 'reset', 'crash') },
  );
  const step = fc.record({ shard: fc.nat(2), kind, contents: fc.array(writes, { minLength: 1, maxLength: 4 }) });
  const steps = fc.array(step, { minLength: 100, maxLength: 250, size: 'max' });
  await fc.assert(
    fc.asyncProperty(steps, (list) => new CrashingNode(states()).run(list)),
    { numRuns: 2, endOnFailure: true },
  );
});
