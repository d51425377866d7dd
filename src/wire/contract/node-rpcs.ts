/** The rpcs that nodes open at each other, over frames only (proto/kv/internal/v1/replication.proto). */
export const nodeRpcs = {
  replicate: 'kv.internal.v1.Replication/Replicate',
  dump: 'kv.internal.v1.Replication/Dump',
} as const;
