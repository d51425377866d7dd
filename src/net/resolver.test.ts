import { describe, expect, it, vi } from 'vitest';
import { ScriptedLookUps } from './name-server.fixture.js';
import { Resolver } from './resolver.js';

const ignore = () => {};

describe('resolver', () => {
  it('runs at most one look-up at a time, with any number of names in use', async () => {
    const names = new ScriptedLookUps();
    for (const name of ['a', 'b', 'c', 'b']) names.resolver.use(name, ignore);
    expect(names.open).toEqual(['a']);
    await names.answer('a', '1.1.1.1');
    expect(names.open).toEqual(['b']);
    await names.fail('b', 'ENOTFOUND');
    expect(names.open).toEqual(['c']);
    expect(names.begun).toEqual(['a', 'b', 'c']);
  });

  it('calls every user of a name when its look-up has ended, and none that has released it', async () => {
    const names = new ScriptedLookUps();
    const [first, second, gone] = [vi.fn(), vi.fn(), vi.fn()];
    const name = names.resolver.use('a', first);
    names.resolver.use('a', second);
    const third = names.resolver.use('a', gone);
    third.release();
    third.release();
    await names.fail('a', 'EAI_AGAIN');
    expect([first, second, gone].map((listener) => listener.mock.calls.length)).toEqual([1, 1, 0]);
    expect(name.state).toEqual({ addresses: undefined, failure: { code: 'EAI_AGAIN' } });
  });

  it('a look-up that hangs does not withhold the addresses found before', async () => {
    const names = new ScriptedLookUps();
    const former = names.resolver.use('a', ignore);
    await names.answer('a', '1.1.1.1');
    former.renew();
    expect(names.open).toEqual(['a']);
    former.release();
    expect(names.resolver.use('a', ignore).state.addresses).toEqual(['1.1.1.1']);
  });

  it('a literal address is never looked up', () => {
    const names = new ScriptedLookUps();
    expect(names.resolver.use('127.0.0.1', ignore).state.addresses).toEqual(['127.0.0.1']);
    expect(names.resolver.use('::1', ignore).state.addresses).toEqual(['::1']);
    expect(names.begun).toEqual([]);
  });

  it('looks a name in use up again after the time to refresh, with no call in between', async () => {
    const names = new ScriptedLookUps({ refreshMs: 1 });
    const keepAlive = setInterval(ignore, 1_000);
    const name = names.resolver.use('a', ignore);
    await names.answer('a', '1.1.1.1');
    await vi.waitUntil(() => names.open.includes('a'), 30_000);
    await names.answer('a', '1.1.1.2');
    expect(name.state.addresses).toEqual(['1.1.1.2']);
    name.release();
    clearInterval(keepAlive);
  });

  it('an error without a code is reported as it is', async () => {
    const names = new ScriptedLookUps();
    const name = names.resolver.use('a', ignore);
    await names.fail('a', undefined as unknown as string);
    expect(name.state.failure?.code).toContain('getaddrinfo');
  });

  it('finds names of the hosts file', async () => {
    const addresses = await new Promise((resolve) => {
      // The process's own resolver may be busy with a name of another test.
      const name = new Resolver().use('localhost', () => {
        name.release();
        resolve(name.state.addresses);
      });
    });
    expect(addresses).toContain('127.0.0.1');
  });
});
