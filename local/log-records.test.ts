import { describe, expect, test } from 'vitest';
import { LogRecords } from './log-records.js';

const line = (msg: string, fields: object = {}): string => JSON.stringify({ level: 30, time: 0, msg, ...fields });

describe('log of a node as events', () => {
  test('an earlier record is found without waiting', async () => {
    const log = new LogRecords();
    log.addLine(line('listening', { address: 'a:1' }));
    expect(await log.waitFor('listening', { timeoutMs: 1 })).toMatchObject({ address: 'a:1' });
  });

  test('a later record ends the wait', async () => {
    const log = new LogRecords();
    const waiting = log.waitFor(({ epoch }) => epoch === 2);
    log.addLine(line('role', { epoch: 1 }));
    log.addLine(line('role', { epoch: 2 }));
    expect(await waiting).toMatchObject({ epoch: 2 });
  });

  test('a wait with `since` ignores earlier records', async () => {
    const log = new LogRecords();
    log.addLine(line('role', { epoch: 1 }));
    const since = log.count;
    const waiting = log.waitFor('role', { since });
    log.addLine(line('role', { epoch: 2 }));
    expect(await waiting).toMatchObject({ epoch: 2 });
  });

  test('a wait that times out fails with the end of the log', async () => {
    const log = new LogRecords();
    log.addLine('not from the logger');
    await expect(log.waitFor('listening', { timeoutMs: 1 })).rejects.toThrow(
      /"listening" was not logged within 1 ms:\n +not from the logger/,
    );
  });

  test('the end of the process ends every present and later wait', async () => {
    const log = new LogRecords();
    const waiting = log.waitFor('listening');
    log.end(new Error('the node ended'));
    await expect(waiting).rejects.toThrow('the node ended');
    await expect(log.waitFor('listening')).rejects.toThrow('the node ended');
  });
});
