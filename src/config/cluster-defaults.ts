/** Where a cluster is registered by default. It is a file of its own so that a client need not load the options of a node. */
export const clusterDefaults = { zk: 'localhost:2181', root: '/kvstore' } as const;
