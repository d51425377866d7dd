/** The options that every command of kvctl takes, and the last lines of its help. */
import type { Options } from 'yargs';
import { clusterDefaults } from '../../config/cluster-defaults.js';

export const defaultDeadlineMs = 5000;

export const connectionOptionNames = ['nodes', 'zk', 'root', 'deadline-ms'] as const;

export const commonOptions: Readonly<Record<string, Options>> = {
  nodes: {
    type: 'string',
    requiresArg: true,
    describe: 'Nodes of the cluster, host:port[,host:port...]; one is enough; [address]:port with IPv6',
  },
  zk: {
    type: 'string',
    requiresArg: true,
    describe: 'ZooKeeper connection string, to find the nodes',
    defaultDescription: clusterDefaults.zk,
  },
  root: {
    type: 'string',
    requiresArg: true,
    describe: 'Root znode of the cluster, with --zk',
    defaultDescription: clusterDefaults.root,
  },
  'deadline-ms': {
    type: 'string',
    requiresArg: true,
    default: String(defaultDeadlineMs),
    describe: 'Longest time for a call',
  },
  json: { type: 'boolean', describe: 'Print one JSON value instead of text' },
  command: {
    type: 'string',
    requiresArg: true,
    describe: 'Run one line of the interactive mode: --command "PUT user:1 Alice"',
  },
};

export const epilogue = `Behind -- everything is an operand: kvctl put -- --key --value

Exit codes: 0 done; 1 failed, and definitely nothing was changed; 2 the command line is wrong,
or an argument can never be right; 3 the outcome of a write is unknown; 4 a key does not exist (get, delete, mget, getdel, ...);
5 the key is at another version or has another value, or the comparisons of transact do not hold;
6 stopped half way: a part was written (restore), some shards were forced (shard force-primary), or the drain goes on (drain --wait);
7 every shard serves, with warnings (status --fail-on warnings); 8 some shard does not serve (status), or a node
is not ready (health); 9 copies of a shard differ (state check); 10 without the node some shard would have too few
in-sync copies (can-stop).`;
