import { type Logger, pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Descriptors } from './descriptors.js';

const lines: { readonly level: number; readonly msg: string; readonly [field: string]: unknown }[] = [];
const logger: Logger = pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line)) });
const system = {
  taken: 20,
  limit: 4_096,
  missing: '',
  open: () => system.taken,
  allowed: () => system.limit,
  attempt(): void {
    if (system.missing !== '') throw Object.assign(new Error(system.missing), { code: system.missing });
  },
};
const watched: Descriptors[] = [];

beforeEach(() => {
  lines.length = 0;
  Object.assign(system, { taken: 20, limit: 4_096, missing: '' });
});

afterEach(() => {
  for (const descriptors of watched.splice(0)) descriptors.close();
});

function watch(): Descriptors {
  const descriptors = new Descriptors(logger, system);
  watched.push(descriptors);
  return descriptors;
}

function look(descriptors: Descriptors, times: number): void {
  for (let count = 0; count < times; count++) descriptors.look();
}

test.each([
  ['EMFILE', 'all 4096 file descriptors are in use (EMFILE)'],
  ['ENFILE', 'the machine has no file descriptor left (ENFILE)'],
])('%s - the log reports once that no descriptor is left, and once that this is over', (code, problem) => {
  const descriptors = watch();
  look(descriptors, 3);
  expect(lines).toEqual([]);
  expect(descriptors.problem).toBeUndefined();
  system.missing = code;
  look(descriptors, 100);
  expect(lines).toMatchObject([{ level: 50, code, allowed: 4_096, msg: expect.stringContaining('no file descriptor is left') }]);
  expect(descriptors.problem).toContain(problem);
  system.missing = '';
  look(descriptors, 100);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatchObject({ level: 30, open: 20, msg: 'file descriptors are left again' });
  expect(descriptors.problem).toBeUndefined();
});

test('a shortage that begins and ends every second is one shortage', () => {
  const descriptors = watch();
  for (let second = 0; second < 60; second++) {
    system.missing = second % 2 === 0 ? 'EMFILE' : '';
    descriptors.look();
  }
  expect(lines).toHaveLength(1);
  expect(descriptors.problem).toContain('EMFILE');
});

test('an operator is warned, once, while there are still some left', () => {
  const descriptors = watch();
  system.taken = 4_000;
  look(descriptors, 100);
  expect(lines).toMatchObject([{ level: 40, open: 4_000, allowed: 4_096 }]);
  expect(descriptors.problem).toContain('more than nine tenths of the 4096');
  system.taken = 100;
  look(descriptors, 100);
  expect(descriptors.problem).toBeUndefined();
});

test('a low limit is logged at the start, and an unknown one is not', () => {
  system.limit = 256;
  watch();
  expect(lines).toMatchObject([{ level: 40, allowed: 256, msg: expect.stringContaining('LimitNOFILE') }]);
  system.limit = Number.NaN;
  const unknown = watch();
  look(unknown, 100);
  expect(lines).toHaveLength(1);
});

test('the counts of this process are those that the system reports', () => {
  const descriptors = new Descriptors(logger);
  watched.push(descriptors);
  expect(descriptors.open).toBeGreaterThan(3);
  expect(descriptors.allowed).toBeGreaterThanOrEqual(descriptors.open);
  look(descriptors, 20);
  expect(descriptors.problem).toBeUndefined();
});
