import { describe, expect, test } from 'vitest';
import { KvError } from '../../errors.js';
import { type UpdateSteps, updateKey } from './update.js';

const mismatch = new KvError('VERSION_MISMATCH', 'another writer was faster');
const options = { maxAttempts: 3, signal: undefined };

/** A key that another writer changes before each of the first `rivals` writes. */
function keyWith(rivals: number) {
  let version = 1;
  let value = '0';
  const write = (ifVersion: number, next: string) => {
    if (rivals-- > 0) {
      version++;
      value += '!';
    }
    if (ifVersion !== version) throw mismatch;
    value = next;
    return ++version;
  };
  const steps: UpdateSteps = {
    get: async () => ({ value: Buffer.from(value), version, nodeId: 'n' }),
    put: async (next, ifVersion) => ({ version: write(ifVersion, next.toString()), nodeId: 'n' }),
    delete: async (ifVersion) => ({ existed: true, version: write(ifVersion, 'deleted'), nodeId: 'n' }),
  };
  return { steps, now: () => value };
}

describe('an update', () => {
  test('begins again with what the other writer left', async () => {
    const { steps, now } = keyWith(2);
    await updateKey(steps, (found) => `${found?.value}1`, options);
    expect(now()).toBe('0!!1');
  });

  test('fails after its last attempt', async () => {
    const { steps, now } = keyWith(3);
    await expect(updateKey(steps, () => 'mine', options)).rejects.toBe(mismatch);
    expect(now()).toBe('0!!!');
  });

  test('leaves the key alone for undefined, and deletes it for null', async () => {
    const { steps, now } = keyWith(0);
    expect(await updateKey(steps, () => undefined, options)).toBeUndefined();
    expect(now()).toBe('0');
    expect(await updateKey(steps, () => null, options)).toMatchObject({ existed: true });
    expect(now()).toBe('deleted');
  });

  test('repeats no write whose outcome is unknown', async () => {
    const { steps } = keyWith(0);
    let writes = 0;
    const put = async (): Promise<never> => {
      writes++;
      throw new KvError('OUTCOME_UNKNOWN', 'lost');
    };
    await expect(updateKey({ ...steps, put }, () => 'v', options)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(writes).toBe(1);
  });

  test('ends while it waits if its caller gives up', async () => {
    const { steps } = keyWith(100);
    const givesUp = new AbortController();
    const change = () => {
      givesUp.abort();
      return 'v';
    };
    const updated = updateKey(steps, change, { maxAttempts: 100, signal: givesUp.signal });
    await expect(updated).rejects.toMatchObject({ code: 'CANCELLED', executed: 'no' });
  });
});
