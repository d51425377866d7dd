import { describe, expect, it, vi } from 'vitest';
import { ScriptedLookUps } from '../../net/name-server.fixture.js';
import { nativeConnectString, ServerAddresses } from './server-addresses.js';

/** So that a test does not depend on how long it takes. */
const forEver = 1_000_000;

function open(servers: string, patienceMs = forEver) {
  const names = new ScriptedLookUps();
  const onKnown = vi.fn();
  const addresses = new ServerAddresses(servers, onKnown, { patienceMs, resolver: names.resolver });
  const connectString = () => nativeConnectString(addresses.list);
  return { names, onKnown, addresses, connectString };
}

describe('addresses of ZooKeeper servers', () => {
  it('are literal, of all names, without repetitions', async () => {
    const { names, addresses, connectString } = open('zk-1:2181,zk-2:2182,10.0.0.1:2181,[fd00::7]:2181');
    await names.answer('zk-1', '10.0.0.1', 'fd00::1');
    expect(connectString()).toBe('');
    await names.answer('zk-2', '10.0.0.1');
    expect(connectString()).toBe('10.0.0.1:2181,fd00::1:2181,10.0.0.1:2182,fd00::7:2181');
    addresses.close();
  });

  it('a name that does not resolve is named, and keeps nobody from the others', async () => {
    const { names, addresses, connectString } = open('typo:2181,zk-2:2181');
    await names.fail('typo', 'ENOTFOUND');
    await names.answer('zk-2', '10.0.0.2');
    expect(connectString()).toBe('10.0.0.2:2181');
    expect(addresses.problems).toBe('; the name typo does not resolve (ENOTFOUND)');
    addresses.close();
  });

  it('a look-up that hangs keeps nobody from the others for longer than a moment', async () => {
    const { names, onKnown, addresses, connectString } = open('zk-1:2181,zk-2:2181', 1);
    await names.answer('zk-1', '10.0.0.1');
    await vi.waitUntil(() => onKnown.mock.calls.length > 1, 30_000);
    expect(connectString()).toBe('10.0.0.1:2181');
    expect(addresses.problems).toBe('; the look-up of the name zk-2 has not been answered');
    addresses.close();
  });

  it('change with what the names stand for, and stay while a look-up fails', async () => {
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

  it('nothing is told after close', async () => {
    const { names, onKnown, addresses } = open('zk-1:2181');
    addresses.close();
    await names.answer('zk-1', '10.0.0.1');
    expect(onKnown).not.toHaveBeenCalled();
  });
});
