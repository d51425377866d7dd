/**
 * The shell broken on purpose: whole nodes under seeded faults show it. The core has variants of its own
 * (test/unit/variants/), and so have sentences of the shell that a single part keeps (test/unit/variants/shell.test.ts).
 */
import { describe, expect, test } from 'vitest';
import { type Edit, edit } from '../unit/variants/variant-lab.js';
import { BrokenPromise, runSchedule } from './schedule.js';

/** Schedules that a variant has to be caught in. */
const seeds = 120;
const operations = '../node/operations';

const variants: readonly { readonly does: string; readonly edits: readonly Edit[] }[] = [
  {
    does: 'serves reads without a lease',
    edits: [
      edit(
        '../node/shards/local-shard.ts',
        'const refusal = this.#host.refusalOfRead(nowMs);',
        'const refusal = [nowMs].at(1) as undefined;',
      ),
    ],
  },
  {
    does: 'keeps the permission to read of a slice for the slices after it',
    edits: [
      edit(
        `${operations}/shard-slice.ts`,
        'if (this.#askedIn[shard] === this.#number) return',
        'if (this.#askedIn[shard] !== undefined) return',
      ),
    ],
  },
  {
    does: 'judges the lease by the clock of the first slice',
    edits: [edit(`${operations}/shard-slice.ts`, 'this.#nowMs = nowMs;', 'this.#nowMs ||= nowMs;')],
  },
  {
    does: 'reads behind a write of the same stream without waiting for it',
    edits: [edit(`${operations}/pipeline-answers.ts`, 'return this.#waiting > 0;', 'return this.#waiting < 0;')],
  },
  {
    does: 'sends a snapshot without its records',
    edits: [edit('../node/peers/snapshot-sender.ts', 'const sent = send(chunk);', 'const sent = Promise.resolve();')],
  },
  {
    does: 'dumps a shard without what is written meanwhile',
    edits: [
      edit(
        '../node/dumps/shard-dump.ts',
        'replica.onApplied((entries) => this.#addWrites(entries));',
        'replica.onApplied(() => {});',
      ),
    ],
  },
  {
    does: 'serves pages of scans without a lease',
    edits: [
      edit(
        '../node/scans/read-page.ts',
        'const refusal = local.refusalOfRead(beginMs);',
        'const refusal = [beginMs].at(1) as undefined;',
      ),
    ],
  },
  {
    does: 'reads the first key of a page 100 ms before the others',
    edits: [
      edit(
        '../node/scans/read-page.ts',
        'const found = query === undefined ? emptyPage : storage.range(query, onMoment);',
        `const copied = (page: any) => page.items.map((item: any) => ({ ...item, value: item.value?.slice() }));
        const readTwice = async () => {
          const first = copied(await storage.range!({ ...query!, most: 1 }, onMoment));
          await new Promise((resolve) => setTimeout(resolve, 100));
          const late = await storage.range!(query!);
          return { ...late, items: [...first, ...copied(late).slice(1)] };
        };
        const found = query === undefined ? emptyPage : readTwice();`,
      ),
    ],
  },
  {
    does: 'does not open a link to another node again',
    edits: [
      edit(
        '../node/peers/peer-link.ts',
        'if (this.#wanted) this.#openAfter(retryDelayMs',
        'if (!this.#opensFirst && this.#closed) this.#openAfter(retryDelayMs',
      ),
    ],
  },
  {
    does: 'answers a write when it is appended',
    edits: [
      edit(
        '../node/shards/local-shard.ts',
        "this.#host.write(\n      { type: 'write', token, key,",
        "queueMicrotask(() => token.succeeded(this.#host.uncommittedVersion(key) ?? 1));\n    this.#host.write(\n      { type: 'write', token: { answer() {} }, key,",
      ),
    ],
  },
];

describe('broken on purpose: the shell as a whole', { timeout: 300_000 }, () => {
  test.each(variants.map(({ does, edits }) => [does, edits] as const))('it %s', async (_does, edits) => {
    let caught: BrokenPromise | undefined;
    for (let seed = 1; seed <= seeds && caught === undefined; seed++)
      await runSchedule(seed, edits).catch((error: unknown) => {
        if (!(error instanceof BrokenPromise)) throw error;
        caught = error;
      });
    expect(caught, `not caught in ${seeds} schedules`).toBeDefined();
  });
});
