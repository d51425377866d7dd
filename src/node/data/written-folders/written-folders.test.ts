/** Data directories that earlier commits have written are read with nothing missing or changed. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { supportedFormats } from '../../../formats.js';
import { LogScan } from '../../../storage/wal/index.js';
import { recordTypes } from '../../../wire/disk/record-types.js';
import { contentsOf, openFolder, writeFolder } from './write-folder.fixture.js';

const here = import.meta.dirname;
const formats = [supportedFormats.oldest, supportedFormats.newest];
/** Named after the commit that wrote it. */
const written = readdirSync(here).filter((name) => statSync(join(here, name)).isDirectory());
/** With this, the test of a folder of now keeps it, packed, under the name of the commit. See README.md. */
const { KVNODE_KEEP_FOLDER: keepAs } = process.env;

let path: string;

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'kvnode-written-'));
});

afterEach(() => rmSync(path, { recursive: true, force: true }));

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(folder, name)).isFile());
}

function unpack(from: string, to: string): void {
  for (const name of filesIn(from)) {
    const target = join(to, name.replace(/\.gz$/, ''));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, gunzipSync(readFileSync(join(from, name))));
  }
}

function pack(from: string, to: string): void {
  for (const name of filesIn(from).filter((file) => file !== 'lock')) {
    const target = join(to, `${name}.gz`);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, gzipSync(readFileSync(join(from, name)), { level: 9 }));
  }
}

function typesIn(folder: string): Set<number> {
  const { cluster, nodeId } = JSON.parse(readFileSync(join(folder, 'kvnode.json'), 'utf8'));
  const scan = new LogScan({ folder: join(folder, 'wal'), owner: { clusterId: cluster.clusterId, nodeId } });
  return new Set([...scan.records()].map(({ type }) => type));
}

/** A start with the folder, twice: the first one may change something. */
async function expectContents(contents: unknown): Promise<void> {
  for (let start = 1; start <= 2; start++) {
    const data = await openFolder(path);
    expect(await contentsOf(data)).toEqual(contents);
    await data.close(true);
  }
}

test.each(formats)(
  'what is written now in format %i is read, and has several segments, snapshots and nearly every type of record',
  async (format) => {
    const contents = await writeFolder(path, format);
    expect(readdirSync(join(path, 'wal')).length).toBeGreaterThan(3);
    expect(readdirSync(join(path, 'snapshots')).length).toBe(2);
    const { renamed: _, rebase: __, rebasePart: ____, repeat: ___, ...types } = recordTypes;
    expect([...typesIn(path)]).toEqual(expect.arrayContaining(Object.values(types)));
    if (keepAs !== undefined && format === supportedFormats.newest) {
      pack(path, join(here, keepAs, 'folder'));
      writeFileSync(join(here, keepAs, 'contents.json'), `${JSON.stringify(contents, undefined, 1)}\n`);
    }
    await expectContents(contents);
  },
);

test.each(written)('a folder that commit %s has written is read, with every key, version and answer', async (commit) => {
  unpack(join(here, commit, 'folder'), path);
  await expectContents(JSON.parse(readFileSync(join(here, commit, 'contents.json'), 'utf8')));
});
