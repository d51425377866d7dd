/** Where a node has the data of its replicas, beside the log. A data directory is of one kind for good. */
export type StateKind = 'memory' | DatabaseKind;

export type DatabaseKind = 'lmdb' | 'postgres';
