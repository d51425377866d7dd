import { describe, expect, test } from 'vitest';
import { BenchHistory } from './history.js';
import { encodeValue } from './values.js';

const run = '0badcafe';
const thread = 2;
const key = 7;

function found(version: number, counter: number, changes: { run?: string; thread?: number; keyIndex?: number } = {}) {
  return { version, value: encodeValue({ run, thread, keyIndex: key, counter, ...changes }, 100) };
}

/** A history with two acknowledged writes, versions 10 and 20. */
function twoWrites(): BenchHistory {
  const history = new BenchHistory(run, thread);
  for (const version of [10, 20])
    expect(history.writeAcknowledged(key, history.nextCounter(), version, version - 10)).toBeUndefined();
  return history;
}

describe('verification history', () => {
  test('the last acknowledged write - must be there', () => {
    expect(twoWrites().finalRead(key, found(20, 2))).toBeUndefined();
  });

  test('an acknowledged write that is missing - is a violation', () => {
    expect(twoWrites().finalRead(key, undefined)).toContain('acknowledged write 2 (version 20) is missing');
    expect(twoWrites().finalRead(key, found(10, 1))).toContain('is missing');
  });

  test('an unknown write - may be there or not', () => {
    const history = twoWrites();
    history.writeUnknown(key, history.nextCounter());
    expect(history.finalRead(key, found(30, 3))).toBeUndefined();
    expect(twoWrites().finalRead(key, found(20, 2))).toBeUndefined();
  });

  test('an unknown write that was read - must not vanish again', () => {
    const history = twoWrites();
    history.writeUnknown(key, history.nextCounter());
    expect(history.read(key, found(30, 3), 20)).toBeUndefined();
    expect(history.finalRead(key, found(20, 2))).toContain('version 20 was read after 30 was known');
  });

  test('a refused write that is visible - is a violation', () => {
    const history = twoWrites();
    history.writeRefused(history.nextCounter());
    expect(history.read(key, found(30, 3), 20)).toContain('was refused');
  });

  test('an older acknowledged write under a newer version - is a violation', () => {
    expect(twoWrites().finalRead(key, found(30, 1))).toContain('was not the last one');
    expect(twoWrites().finalRead(key, found(20, 1))).toContain('belongs to write 2');
  });

  test('a value that no thread wrote - is a violation', () => {
    const strange = [
      found(30, 99),
      found(30, 1, { thread: 3 }),
      found(30, 1, { keyIndex: 8 }),
      found(30, 1, { run: 'ffffffff' }),
      { version: 30, value: Buffer.from('garbage') },
      { version: 30, value: Buffer.concat([found(30, 1).value, Buffer.from('!')]) },
    ];
    for (const one of strange) expect(twoWrites().read(key, one, 20)).toContain('no thread wrote');
  });

  test('a value from before the run - is legal until a write is acknowledged', () => {
    const baseline = { version: 5, value: Buffer.from('old') };
    const history = new BenchHistory(run, thread);
    history.setBaseline(key, baseline);
    expect(history.finalRead(key, baseline)).toBeUndefined();
    expect(history.finalRead(key, undefined)).toContain('version 0 was read after 5');
    history.writeAcknowledged(key, history.nextCounter(), 6, 5);
    expect(history.finalRead(key, baseline)).toContain('is missing');
  });

  test('a write with a version that was known before - is a violation', () => {
    expect(twoWrites().writeAcknowledged(key, 3, 20, 20)).toContain('got version 20');
  });
});
