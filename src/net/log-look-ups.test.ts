import { expect, test } from 'vitest';
import { logLookUps } from './log-look-ups.js';
import { ScriptedLookUps } from './name-server.fixture.js';

test('look-ups - the log has a line for each change, and none without a change', async () => {
  const names = new ScriptedLookUps();
  const lines: string[] = [];
  const write = (fields: object, message?: string) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const end = logLookUps({ info: write as never, warn: write as never }, names.resolver);
  const name = names.resolver.use('zk-1', () => {});
  const lookUpAgain = () => name.renew();

  await names.fail('zk-1', 'ENOTFOUND');
  lookUpAgain();
  await names.answer('zk-1', '10.0.0.1');
  lookUpAgain();
  await names.fail('zk-1', 'EAI_AGAIN');
  lookUpAgain();
  await names.fail('zk-1', 'EAI_AGAIN');
  lookUpAgain();
  await names.answer('zk-1', '10.0.0.2');
  lookUpAgain();
  await names.answer('zk-1', '10.0.0.2');
  end();
  lookUpAgain();
  await names.answer('zk-1', '10.0.0.3');

  expect(lines).toEqual([
    'a host name cannot be looked up: nothing can connect to it {"host":"zk-1","code":"ENOTFOUND"}',
    'a host name can be looked up again {"host":"zk-1","addresses":["10.0.0.1"]}',
    'a host name cannot be looked up: its last addresses are used {"host":"zk-1","addresses":["10.0.0.1"],"code":"EAI_AGAIN"}',
    'a host name can be looked up again {"host":"zk-1","addresses":["10.0.0.2"]}',
    'a host name has other addresses {"host":"zk-1","addresses":["10.0.0.2"],"before":["10.0.0.1"]}',
  ]);
});
