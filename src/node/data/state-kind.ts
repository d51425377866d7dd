/** Where a node has the data of its replicas, beside the log. `kvctl state convert` changes it. */
export type StateKind = 'memory' | DatabaseKind;

export type DatabaseKind = 'lmdb' | 'postgres';
