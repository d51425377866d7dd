import { describe, expect, it, vi } from 'vitest';
import { ScriptedLookUps } from '../../net/name-server.fixture.js';
import { nativeConnectString, ServerAddresses } from './server-addresses.js';

/** With this patience a test does not depend on its own duration. */
const forEver = 1_000_000;

function open(servers: string, patienceMs = forEver) {
  const names = new ScriptedLookUps();
  const onKnown = vi.fn();
  const addresses = new ServerAddresses(servers, onKnown, { patienceMs, resolver: names.resolver });
  const connectString = () => nativeConnectString(addresses.list);
  return { names, onKnown, addresses, connectString };
}

describe('ZooKeeper server addresses', () => {
  it('are the literal addresses of all names, each once', async () => {
    const { names, addresses, connectString } = open('zk-1:2181,zk-2:2182,10.0.0.1:2181,[fd00::7]:2181');
    await names.answer('zk-1', '10.0.0.1', 'fd00::1');
    expect(connectString()).toBe('');
    await names.answer('zk-2', '10.0.0.1');
    expect(connectString()).toBe('10.0.0.1:2181,fd00::1:2181,10.0.0.1:2182,fd00::7:2181');
    addresses.close();
  });

  it('include the other names if one does not resolve, and the problem names that one', async () => {
    const { names, addresses, connectString } = open('typo:2181,zk-2:2181');
    await names.fail('typo', 'ENOTFOUND');
    await names.answer('zk-2', '10.0.0.2');
    expect(connectString()).toBe('10.0.0.2:2181');
    expect(addresses.problems).toBe('; the name typo does not resolve (ENOTFOUND)');
    addresses.close();
  });

  it('wait for a look-up that hangs only until patience has passed', async () => {
    const { names, onKnown, addresses, connectString } = open('zk-1:2181,zk-2:2181', 1);
    await names.answer('zk-1', '10.0.0.1');
    await vi.waitUntil(() => onKnown.mock.calls.length > 1, 30_000);
    expect(connectString()).toBe('10.0.0.1:2181');
    expect(addresses.problems).toBe('; the look-up of the name zk-2 has not been answered');
    addresses.close();
  });

  it('change with the names, and stay while a look-up fails', async () => {
    const { names, addresses, connectString } = open('zk-1:2181');
    await names.answer('zk-1', '10.0.0.1');
    addresses.renew();
    await names.fail('zk-1', 'EAI_AGAIN');
    expect(connectString()).toBe('10.0.0.1:2181');
    expect(addresses.problems).toBe('');
    addresses.renew();
    await names.answer('zk-1', '10.0.0.9');
    expect(connectString()).toBe('10.0.0.9:2181');
    addresses.close();
  });

  it('are not reported after close', async () => {
    const { names, onKnown, addresses } = open('zk-1:2181');
    addresses.close();
    await names.answer('zk-1', '10.0.0.1');
    expect(onKnown).not.toHaveBeenCalled();
  });
});
