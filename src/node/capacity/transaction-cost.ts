/** The memory that the writes of a transaction may take: the most that either of its lists needs. */
import type { FoundItem, KeyOperation, Transaction } from '../../replication/index.js';
import { costOf } from './data-cost.js';

interface Cost {
  /** 0: nothing is written but deletes. */
  readonly bytes: number;
  /** Whether the data may become larger. */
  readonly grows: boolean;
}

export function transactionCost(
  { operations, otherwise }: Transaction,
  stored: Pick<ReadonlyMap<string, FoundItem>, 'get'>,
): Cost {
  const one = costOfAll(operations, stored);
  if (otherwise.length === 0) return one;
  const other = costOfAll(otherwise, stored);
  return { bytes: Math.max(one.bytes, other.bytes), grows: one.grows || other.grows };
}

/** Every operation counts as if it were the only one of its key, so no sequence of them can need more. */
function costOfAll(operations: readonly KeyOperation[], stored: Pick<ReadonlyMap<string, FoundItem>, 'get'>): Cost {
  let bytes = 0;
  let grows = false;
  for (const operation of operations) {
    const item = stored.get(operation.key);
    const before = item?.value;
    const after = lengthAfter(operation, before?.length ?? 0);
    if (after === undefined) continue;
    const isExpiring = mayExpire(operation);
    bytes += costOf(operation.key, after, isExpiring);
    grows ||= before === undefined || after > before.length || (isExpiring && item?.expiresAtMs === undefined);
  }
  return { bytes, grows };
}

/** Whether the key may have a TTL after the operation. */
function mayExpire(operation: KeyOperation): boolean {
  return operation.kind === 'touch' || ('expiry' in operation && operation.expiry !== undefined);
}

/** The most bytes of the value after the operation; undefined: it adds nothing. */
function lengthAfter(operation: KeyOperation, before: number): number | undefined {
  switch (operation.kind) {
    case 'get':
    case 'delete':
    case 'getAndDelete':
      return undefined;
    case 'touch':
    case 'persist':
      return before;
    case 'put':
    case 'getAndSet':
      return operation.value.length;
    case 'append':
      return Math.min(before + operation.value.length, operation.maxBytes);
    case 'setRange':
      return Math.min(Math.max(before, operation.offset + operation.value.length), operation.maxBytes);
    case 'increment':
      // A sum has at most one digit more than its longest part.
      return Math.max(before, operation.initial.length, operation.by.length) + 1;
  }
}
