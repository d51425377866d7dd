import { KvError } from '../../errors.js';

/** What a node says that is not primary and knows of none. `isOffline`: the shard's data is out of reach (R13). */
export function noPrimary(isOffline: boolean): KvError {
  if (!isOffline) return new KvError('NO_PRIMARY', 'no primary is known at present; nothing was sent to one');
  return new KvError(
    'SHARD_OFFLINE',
    'the shard is offline: no in-sync replica of it is live, or ZooKeeper has lost its state; "kvctl status" tells which',
  );
}
