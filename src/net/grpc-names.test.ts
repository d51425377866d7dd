import { type experimental, Server, ServerCredentials } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { limitsOf } from '../client/call-limits.js';
import { NodeConnection } from '../client/transport/node-connection.js';
import { grpcTarget, NamedTarget } from './grpc-names.js';
import { ScriptedLookUps } from './name-server.fixture.js';

/** A target, and what it reports to grpc-js: the hosts, or the reason why there are none. */
function target(names: ScriptedLookUps): { readonly reported: string[]; readonly named: NamedTarget } {
  const reported: string[] = [];
  const listener: experimental.ResolverListener = (result) => {
    if (result.ok) reported.push(result.value.map(({ addresses: [address] }) => JSON.stringify(address)).join());
    else reported.push(result.error.details ?? '');
    return true;
  };
  return { reported, named: new NamedTarget({ path: 'node-1:9090' }, listener, {}, names.resolver) };
}

const at = (host: string) => JSON.stringify({ host, port: 9090 });
const nextTurn = () => new Promise(setImmediate);

describe('names of gRPC targets', () => {
  it('a known name is reported at once, while its look-up hangs', async () => {
    const names = new ScriptedLookUps();
    const first = target(names);
    first.named.updateResolution();
    await names.answer('node-1', '10.0.0.1', 'fd00::1');
    first.named.destroy();
    const second = target(names);
    second.named.updateResolution();
    expect(second.reported).toEqual([]);
    await nextTurn();
    expect(names.open).toEqual(['node-1']);
    expect([first.reported, second.reported]).toEqual([[`${at('10.0.0.1')},${at('fd00::1')}`], first.reported]);
  });

  it('a change is reported once, to a channel that has requested a resolution since', async () => {
    const names = new ScriptedLookUps();
    const { reported, named } = target(names);
    named.updateResolution();
    await names.answer('node-1', '10.0.0.1');
    named.updateResolution();
    named.updateResolution();
    await names.answer('node-1', '10.0.0.2');
    expect(reported).toEqual([at('10.0.0.1'), at('10.0.0.2')]);
  });

  it('nothing is reported to a channel that has requested no resolution', async () => {
    const names = new ScriptedLookUps();
    const { reported, named } = target(names);
    named.updateResolution();
    await names.answer('node-1', '10.0.0.1');
    const other = names.resolver.use('node-1', () => {});
    other.renew();
    await names.answer('node-1', '10.0.0.2');
    expect(reported).toEqual([at('10.0.0.1')]);
    named.updateResolution();
    await nextTurn();
    expect(names.open).toEqual(['node-1']);
    expect(reported).toEqual([at('10.0.0.1'), at('10.0.0.2')]);
  });

  it('a name without an address is a failure that names it, until it has one', async () => {
    const names = new ScriptedLookUps();
    const { reported, named } = target(names);
    named.updateResolution();
    await names.fail('node-1', 'ENOTFOUND');
    named.updateResolution();
    await names.answer('node-1', '10.0.0.1');
    expect(reported).toEqual(['the name node-1 does not resolve (ENOTFOUND)', at('10.0.0.1')]);
  });

  it('nothing is reported to a closed channel', async () => {
    const names = new ScriptedLookUps();
    const { reported, named } = target(names);
    named.updateResolution();
    named.destroy();
    await names.answer('node-1', '10.0.0.1');
    expect(reported).toEqual([]);
  });

  it('the authority of a call is the address as it was given', () => {
    expect(grpcTarget('node-1:9090')).toBe('kvnode:node-1:9090');
    expect(NamedTarget.getDefaultAuthority({ path: '[::1]:9090' })).toBe('[::1]:9090');
  });

  it.each(['localhost', '127.0.0.1'])('grpc-js connects to a node at %s', async (host) => {
    const server = new Server();
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    const connection = new NodeConnection(`${host}:${port}`, 20_000, () => {});
    expect(await connection.whenReady(limitsOf({}, 30_000))).toBe(true);
    connection.close('the test is over');
    server.forceShutdown();
  });
});
