/** Variants of the shell that trust an old copy of the data directory (R1), or take the newest one for an old copy. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { CopiedFolders } from '../../../src/node/data/copied-folders.fixture.js';
import type { PreparedCheck } from './shell-checks.js';
import { describeShellVariants } from './shell-variant.js';
import { edit } from './variant-lab.js';

const file = '../node/data/folder-editions.ts';

/** @param use returns which of the starts have taken their folder for an old copy. */
function takesForOld(use: (folders: CopiedFolders) => Promise<readonly boolean[]>, expected: readonly boolean[]): PreparedCheck {
  return async () => {
    const { CopiedFolders } = await import('../../../src/node/data/copied-folders.fixture.js');
    return async () => {
      const base = mkdtempSync(join(tmpdir(), 'kvnode-variant-editions-'));
      const folders = new CopiedFolders(base);
      try {
        expect(await use(folders)).toEqual(expected);
      } finally {
        await folders.killAll();
        rmSync(base, { recursive: true });
      }
    };
  };
}

const oldCopy = takesForOld(
  async (folders) => {
    await folders.startAndStop();
    await folders.copy('data', 'copy');
    return [await folders.startAndStop(), await folders.startAndStop('copy')];
  },
  [false, true],
);

const copyOfARunningNode = takesForOld(
  async (folders) => {
    const run = await folders.start();
    await folders.copy('data', 'copy');
    await run.stop();
    return [await folders.startAndStop('copy')];
  },
  [true],
);

const killedNode = takesForOld(
  async (folders) => {
    await (await folders.start()).kill();
    return [await folders.startAndStop()];
  },
  [false],
);

const twoAtOnce = takesForOld(
  async (folders) => {
    await folders.startAndStop();
    await folders.copy('data', 'copy');
    const taken: boolean[] = [];
    folders.register.before = async () => {
      taken.push((await folders.start('copy')).isOldCopy);
    };
    taken.push((await folders.start()).isOldCopy);
    return taken;
  },
  [false, true],
);

const killedBeforeItsReplicasHaveNewIds = takesForOld(
  async (folders) => {
    await folders.startAndStop();
    await folders.copy('data', 'copy');
    await folders.startAndStop();
    await (await folders.start('copy')).kill();
    return [await folders.startAndStop('copy')];
  },
  [true],
);

describeShellVariants('editions of data directories', [
  {
    rule: 'R1',
    does: 'ignores which edition ZooKeeper holds',
    edits: [edit(file, 'stored !== undefined && this.#isOther(stored.edition)', 'next === null')],
    check: oldCopy,
  },
  {
    rule: 'R1',
    does: 'begins no edition with a planned stop',
    edits: [edit(file, ': this.advance();', ': this.#advancing;')],
    check: copyOfARunningNode,
  },
  {
    rule: 'R1',
    does: 'writes the edition to ZooKeeper, and not to the folder before',
    edits: [edit(file, '      await folder.keepEditions(this.#known);\n', '')],
    check: killedNode,
  },
  {
    rule: 'R1',
    does: 'compares the numbers of editions only',
    edits: [edit(file, '!this.#known.some(({ id }) => id === stored.id)', 'this.#known.at(-1)!.number < stored.number')],
    check: twoAtOnce,
  },
  {
    rule: 'R1',
    does: 'forgets with a crash that the folder is an old copy',
    edits: [edit(file, 'await new DamageMark(folder.path).set', 'void ')],
    check: killedBeforeItsReplicasHaveNewIds,
  },
]);
