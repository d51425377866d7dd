/** Reads a key, changes its value, and writes it if the key is unchanged; otherwise all over again. */
import { setTimeout as pause } from 'node:timers/promises';
import { KvError } from '../../errors.js';
import type { DeleteResult, GetResult, PutResult } from '../results.js';
import { backoffMs } from '../retry/retry-rule.js';

/** The new value; `null` deletes the key; `undefined` leaves it as it is. */
export type UpdatedValue = string | Uint8Array | null | undefined;
export type UpdateFunction = (found: GetResult | undefined) => UpdatedValue | Promise<UpdatedValue>;

/** Undefined: nothing was changed. */
export type UpdateResult = PutResult | DeleteResult | undefined;

export interface UpdateSteps {
  get(): Promise<GetResult | undefined>;
  put(value: string | Uint8Array, ifVersion: number): Promise<PutResult>;
  delete(ifVersion: number): Promise<DeleteResult>;
}

/** @throws KvError VERSION_MISMATCH if every attempt met another writer; whatever the steps or `change` throw. */
export async function updateKey(
  { get, put, delete: remove }: UpdateSteps,
  change: UpdateFunction,
  { maxAttempts, signal }: { readonly maxAttempts: number; readonly signal: AbortSignal | undefined },
): Promise<UpdateResult> {
  for (let attempt = 1; ; attempt++) {
    const found = await get();
    const version = found?.version ?? 0;
    const value = await change(found);
    if (value === undefined || (value === null && found === undefined)) return undefined;
    try {
      return await (value === null ? remove(version) : put(value, version));
    } catch (error) {
      if (!(error instanceof KvError) || error.code !== 'VERSION_MISMATCH' || attempt >= maxAttempts) throw error;
    }
    await waited(backoffMs(attempt, Math.random()), signal);
  }
}

async function waited(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await pause(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throw new KvError('CANCELLED', 'given up between two attempts', { executed: 'no', cause: error });
  }
}
