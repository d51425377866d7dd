import { afterEach, expect, test, vi } from 'vitest';
import { type Columns, PostgresSession } from './postgres-session.js';
import { ReadSessions } from './read-sessions.js';
import { UseOfDatabase } from './use-of-database.js';

const scan = { name: 'scan', text: '' };
const options = { url: '', applicationName: '', connectTimeoutMs: 0, callTimeoutMs: 0 };

afterEach(() => void vi.restoreAllMocks());

/** Sessions on which a scan is answered when the test says, and everything else at once. */
function sessionsOf(most: number): { readonly sessions: ReadSessions; readonly scans: ((rows: readonly Columns[]) => void)[] } {
  const scans: ((rows: readonly Columns[]) => void)[] = [];
  const query: PostgresSession['query'] = async ({ name }) =>
    name === scan.name ? new Promise((resolve) => scans.push(resolve)) : [];
  const session = { isOpen: true, query, destroy() {}, async close() {} } as unknown as PostgresSession;
  vi.spyOn(PostgresSession, 'open').mockResolvedValue(session);
  const use = new UseOfDatabase('target');
  vi.spyOn(use, 'checkSession').mockResolvedValue(0);
  return { sessions: new ReadSessions(use, options, most), scans };
}

test.each([2, 3])('of %i sessions scans leave one to what is answered at once', async (most) => {
  const { sessions, scans } = sessionsOf(most);
  const scanned = Array.from({ length: most }, () => sessions.scan(scan, []));
  await sessions.get(0, 'a');
  await sessions.query({ name: 'ping', text: '' }, []);
  expect(scans).toHaveLength(most - 1);
  scans[0]!([[1]]);
  expect(await scanned[0]).toEqual([[1]]);
  await expect.poll(() => scans.length).toBe(most);
  for (const answer of scans) answer([]);
  await Promise.all(scanned);
  await sessions.close();
});

test('a scan takes the only session', async () => {
  const { sessions, scans } = sessionsOf(1);
  const scanned = sessions.scan(scan, []);
  await expect.poll(() => scans.length).toBe(1);
  scans[0]!([]);
  await scanned;
  await sessions.get(0, 'a');
  await sessions.close();
});
