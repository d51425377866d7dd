import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Gateway, type GatewayOptions } from './gateway.js';
import { healthRoutes } from './routes/health-routes.js';

const options: GatewayOptions = {
  host: '127.0.0.1',
  port: 0,
  logger: pino({ level: 'silent' }),
  gate: () => undefined,
  routes: [healthRoutes({ readiness: () => ({ ready: false, reasons: ['the node is starting'] }) })],
};

test('on any free port - it reports the port, answers, and frees the port when it is closed, even twice', async () => {
  const gateway = await Gateway.listen(options);
  const url = `http://127.0.0.1:${gateway.port}/readyz`;
  const answer = await fetch(url);
  expect([answer.status, await answer.json()]).toEqual([503, { ready: false, reasons: ['the node is starting'] }]);
  await Promise.all([gateway.close(), gateway.close()]);
  await gateway.close();
  await expect(fetch(url)).rejects.toThrow('fetch failed');
});

test('on a name with several addresses - it listens only on the first, so that its limits hold', async () => {
  const gateway = await Gateway.listen({ ...options, host: 'localhost' });
  const { address } = await lookup('localhost');
  const other = { '127.0.0.1': '[::1]', '::1': '127.0.0.1' }[address]!;
  const first = address.includes(':') ? `[${address}]` : address;
  expect((await fetch(`http://${first}:${gateway.port}/livez`)).status).toBe(200);
  await expect(fetch(`http://${other}:${gateway.port}/livez`)).rejects.toThrow('fetch failed');
  await gateway.close();
});

test('that drains - it answers the last request of each connection, and still accepts new connections', async () => {
  const gateway = await Gateway.listen(options);
  const ask = async (agent: Agent): Promise<IncomingMessage> => {
    const sent = get({ host: '127.0.0.1', port: gateway.port, path: '/livez', agent });
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    await once(answer.resume(), 'end');
    return answer;
  };
  const agent = new Agent({ keepAlive: true });
  expect((await ask(agent)).headers.connection).toBe('keep-alive');
  gateway.drain();
  for (let count = 0; count < 2; count++) {
    const { statusCode, headers } = await ask(agent);
    expect([statusCode, headers.connection]).toEqual([200, 'close']);
  }
  agent.destroy();
  await gateway.close();
});

test('on a taken port, or an address of another machine - the error names the option, and nothing is left behind', async () => {
  const gateway = await Gateway.listen(options);
  const { port } = gateway;
  await expect(Gateway.listen({ ...options, port })).rejects.toMatchObject({
    code: 'ADDRESS_UNAVAILABLE',
    message: `cannot listen on --host 127.0.0.1 --http-port ${port}: the port is taken`,
  });
  await gateway.close();
  await expect(Gateway.listen({ ...options, host: '192.0.2.1' })).rejects.toMatchObject({ code: 'ADDRESS_UNAVAILABLE' });
  await (await Gateway.listen({ ...options, port })).close();
});
