import { describe, expect, it } from 'vitest';
import { NameTable } from './name-table.js';

const policy = { refreshMs: 30_000, retryMs: 2_000, maxUnused: 2 };
const noAnswer = { code: 'EAI_AGAIN' };

function tableOf(...names: string[]): NameTable {
  const table = new NameTable(policy);
  for (const name of names) table.use(name);
  return table;
}

describe('name table', () => {
  it('names never looked up come first, in the order of their use', () => {
    const table = tableOf('a', 'b', 'c');
    table.succeeded('a', ['1.1.1.1'], 0);
    expect(table.next).toEqual({ name: 'b', atMs: Number.NEGATIVE_INFINITY });
    table.failed('b', noAnswer, 0);
    expect(table.next).toEqual({ name: 'c', atMs: Number.NEGATIVE_INFINITY });
  });

  it('a name with addresses is refreshed now and then, one without is tried again soon', () => {
    const table = tableOf('a', 'b');
    table.succeeded('a', ['1.1.1.1'], 100);
    table.failed('b', noAnswer, 500);
    expect(table.next).toEqual({ name: 'b', atMs: 2_500 });
    table.succeeded('b', ['2.2.2.2'], 2_600);
    expect(table.next).toEqual({ name: 'a', atMs: 30_100 });
  });

  it('a renewal is due soon, and over with the next look-up, even if that fails', () => {
    const table = tableOf('a');
    table.succeeded('a', ['1.1.1.1'], 0);
    table.renew('a');
    expect(table.next).toEqual({ name: 'a', atMs: 2_000 });
    table.failed('a', noAnswer, 12_000);
    expect(table.next).toEqual({ name: 'a', atMs: 42_000 });
  });

  it('the last addresses outlive failures of every kind', () => {
    const table = tableOf('a');
    table.succeeded('a', ['1.1.1.1'], 0);
    table.failed('a', noAnswer, 1);
    table.failed('a', { code: 'ENOTFOUND' }, 2);
    expect(table.state('a')).toEqual({ addresses: ['1.1.1.1'], failure: { code: 'ENOTFOUND' } });
    table.succeeded('a', ['1.1.1.2'], 3);
    expect(table.state('a')).toEqual({ addresses: ['1.1.1.2'], failure: undefined });
  });

  it('another order of the same addresses, or one of them twice, is no change', () => {
    const table = tableOf('a');
    table.succeeded('a', ['1.1.1.1', '1.1.1.2'], 0);
    const { addresses } = table.state('a');
    table.succeeded('a', ['1.1.1.2', '1.1.1.1', '1.1.1.2'], 1);
    expect(table.state('a').addresses).toBe(addresses);
    table.succeeded('a', ['1.1.1.2', '1.1.1.3'], 2);
    expect(table.state('a').addresses).toEqual(['1.1.1.2', '1.1.1.3']);
  });

  it('an unused name is not looked up, and known to its next user', () => {
    const table = tableOf('a');
    table.use('a');
    table.succeeded('a', ['1.1.1.1'], 0);
    table.unuse('a');
    expect(table.next?.name).toBe('a');
    table.unuse('a');
    table.renew('a');
    expect(table.next).toBeUndefined();
    expect(table.state('a').addresses).toEqual(['1.1.1.1']);
    table.use('a');
    expect(table.next).toEqual({ name: 'a', atMs: 30_000 });
  });

  it('of unused names beyond the limit the one unused for longest is forgotten, never one in use', () => {
    const table = tableOf('a', 'b', 'c', 'd');
    for (const name of ['a', 'b', 'c', 'd']) table.succeeded(name, ['1.1.1.1'], 0);
    for (const name of ['c', 'a', 'b']) table.unuse(name);
    const known = ['a', 'b', 'c', 'd'].filter((name) => table.state(name).addresses !== undefined);
    expect(known).toEqual(['a', 'b', 'd']);
  });

  it('an answer for a name that was forgotten meanwhile is dropped', () => {
    const table = new NameTable({ ...policy, maxUnused: 0 });
    table.use('a');
    table.unuse('a');
    table.succeeded('a', ['1.1.1.1'], 0);
    expect(table.state('a').addresses).toBeUndefined();
  });
});
