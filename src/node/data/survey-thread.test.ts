import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { LogScan } from '../../storage/wal/index.js';
import { unfinishedPath } from '../../storage/wal/segment-file.js';
import { expectFound, overwrite, smallLog, TestFolders } from './disk-data.fixture.js';
import { LogSurvey } from './log-survey.js';
import { surveyInThread } from './survey-thread.js';
import { nodeId, TestReplica } from './test-replica.fixture.js';

const owner = { clusterId: 'cluster', nodeId };
const folders = new TestFolders();

afterEach(() => folders.removeAll());

/** The compiled module: a thread does not load TypeScript. */
function compiled(): URL {
  const script = join(import.meta.dirname, '../../../dist/src/node/data/survey-thread-main.js');
  if (!existsSync(script)) throw new Error(`${script} is not built: run npm run build`);
  return pathToFileURL(script);
}

test('a thread finds in the log what the start itself finds, and the start goes on from there', async () => {
  const path = folders.create();
  const data = await folders.open(path, smallLog);
  const replicas = [TestReplica.create(data, 0), TestReplica.create(data, 1)];
  for (const replica of replicas) await overwrite(replica, 700_000);
  await data.close(true);

  const place = { folder: join(path, 'wal'), owner };
  const survey = await surveyInThread({ ...place, namesEmptyCopies: false }, compiled());
  const scan = new LogScan(place);
  const expected = new LogSurvey(false);
  for (const record of scan.records()) expected.add(record);
  const { outcome, segments, headers, emptySegments } = scan;
  expect(emptySegments.size).toBeGreaterThan(0);
  expect(survey).toEqual({
    first: 0,
    namesEmptyCopies: false,
    scan: { outcome, segments, headers, emptySegments },
    replicas: expected.replicas,
  });

  const { recovered } = await folders.open(path, { ...smallLog, survey: Promise.resolve(survey) });
  expect(recovered.map(({ replicaId }) => replicaId)).toEqual(replicas.map(({ replicaId }) => replicaId));
  for (const [index, found] of recovered.entries()) await expectFound(found, replicas[index]!);
});

test('a thread that reads the log changes nothing on disk', async () => {
  const path = folders.create();
  await (await folders.open(path)).close(true);
  const folder = join(path, 'wal');
  writeFileSync(unfinishedPath(folder, 9), '');
  const names = readdirSync(folder);
  expect(await surveyInThread({ folder, owner, namesEmptyCopies: false }, compiled())).toBeDefined();
  expect(readdirSync(folder)).toEqual(names);
});

test('where a thread cannot read the log, the start reads it, and reports the error', async () => {
  const path = folders.create();
  const folder = join(path, 'wal');
  expect(await surveyInThread({ folder, owner, namesEmptyCopies: false }, compiled())).toBeUndefined();
  expect(existsSync(folder)).toBe(false);
  await (await folders.open(path)).close(true);
  const survey = surveyInThread({ folder, owner: { ...owner, nodeId: 'another' }, namesEmptyCopies: false }, compiled());
  expect(await survey).toBeUndefined();
  await expect(folders.open(path, { survey, nodeId: 'another' })).rejects.toThrow('belongs to node');
});
