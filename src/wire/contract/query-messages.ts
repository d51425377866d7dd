/** The queries of kv.v1.Cluster with their messages, for clients that send them over frames. proto/kv/v1/kv.proto documents them. */
import { readCopyRequestTable, readCopyResponseTable } from '../copies/copy-messages.js';
import { MessageTable } from '../protobuf/message-table.js';
import type {
  CheckStopRequest,
  CheckStopResponse,
  ForcePrimaryRequest,
  ForcePrimaryResponse,
  GetTopologyRequest,
  HistoryPosition,
  KeyHolder,
  KeyLocation,
  ListedKey,
  ListKeysRequest,
  ListKeysResponse,
  LocateKeyRequest,
  NodeStatus,
  PeerStatus,
  ReplicaStatus,
  SetDrainingRequest,
  SetDrainingResponse,
  TopologyReport,
} from './kv-api.js';
import { topologyReportTable, topologyRequestTable } from './topology-messages.js';

/** A unary rpc. */
export interface Query<Request extends object, Response extends object> {
  /** The full name of the method. */
  readonly rpc: string;
  readonly request: MessageTable<Request>;
  readonly response: MessageTable<Response>;
}

type LostState = NonNullable<ReplicaStatus['lost']>;

const positionTable = new MessageTable<HistoryPosition>({
  history: [1, 'string'],
  epoch: [2, 'uint'],
  epochId: [3, 'string'],
  removals: [4, 'uint'],
});

const lostTable = new MessageTable<LostState>({ position: [1, positionTable], inSync: [2, ['string']] });

const peerTable = new MessageTable<PeerStatus>({
  replicaId: [1, 'string'],
  nodeId: [2, 'string'],
  inSync: [3, 'bool'],
  phase: [4, 'string'],
  ackedSeq: [5, 'uint'],
});

const replicaStatusTable = new MessageTable<ReplicaStatus>({
  shard: [1, 'uint'],
  replicaId: [2, 'string'],
  role: [3, 'string'],
  epoch: [4, 'uint'],
  serving: [5, 'bool'],
  complete: [6, 'bool'],
  lastSeq: [7, 'uint'],
  lastEpoch: [8, 'uint'],
  commitIndex: [9, 'uint'],
  appliedSeq: [10, 'uint'],
  keys: [11, 'uint'],
  peers: [12, [peerTable]],
  offline: [13, 'bool'],
  dataBytes: [14, 'uint'],
  dataLimitBytes: [15, 'uint'],
  held: [16, positionTable],
  found: [17, positionTable],
  lost: [18, lostTable],
});

const statusTable = new MessageTable<NodeStatus>({
  nodeId: [1, 'string'],
  address: [2, 'string'],
  version: [3, 'string'],
  uptimeMs: [4, 'uint'],
  zookeeper: [5, 'string'],
  replicas: [6, [replicaStatusTable]],
  warnings: [7, ['string']],
  memoryBytes: [8, 'uint'],
  maxMemoryBytes: [9, 'uint'],
  keys: [10, 'uint'],
  dataBytes: [11, 'uint'],
  dataLimitBytes: [12, 'uint'],
  zone: [13, 'string'],
  weight: [14, 'uint'],
  logLinesDropped: [16, 'uint'],
  openDescriptors: [17, 'uint'],
  maxDescriptors: [18, 'uint'],
  durability: [19, 'string'],
  formatInUse: [20, 'uint'],
  oldestFormat: [21, 'uint'],
  newestFormat: [22, 'uint'],
  diskBytes: [23, 'uint'],
  maxDiskBytes: [24, 'uint'],
  state: [25, 'string'],
  stateLag: [26, 'uint'],
  stateImpaired: [27, 'bool'],
});

const holderTable = new MessageTable<KeyHolder>({
  nodeId: [1, 'string'],
  address: [2, 'string'],
  role: [3, 'string'],
  placed: [4, 'bool'],
});

const listedKeyTable = new MessageTable<Omit<ListedKey, '_expiresInMs'>>({
  key: [1, 'string'],
  version: [2, 'uint'],
  valueBytes: [3, 'uint'],
  expiresInMs: [4, 'optional uint'],
});

const riskTable = new MessageTable<CheckStopResponse['shards'][number]>({
  shard: [1, 'uint'],
  copiesLeft: [2, 'uint'],
  copiesNeeded: [3, 'uint'],
});

export const queries = {
  getTopology: {
    rpc: 'kv.v1.Cluster/GetTopology',
    request: topologyRequestTable,
    response: topologyReportTable,
  } satisfies Query<GetTopologyRequest, TopologyReport>,
  locateKey: {
    rpc: 'kv.v1.Cluster/LocateKey',
    request: new MessageTable<LocateKeyRequest>({ key: [1, 'string'] }),
    response: new MessageTable<KeyLocation>({
      shard: [1, 'uint'],
      hash: [2, 'uint'],
      epoch: [3, 'uint'],
      holders: [4, [holderTable]],
      slot: [5, 'uint'],
    }),
  },
  getNodeStatus: { rpc: 'kv.v1.Cluster/GetNodeStatus', request: new MessageTable<object>({}), response: statusTable },
  listKeys: {
    rpc: 'kv.v1.Cluster/ListKeys',
    request: new MessageTable<ListKeysRequest>({
      shard: [1, 'uint'],
      after: [2, 'string'],
      limit: [3, 'uint'],
      prefix: [4, 'string'],
    }),
    response: new MessageTable<ListKeysResponse>({
      keys: [1, [listedKeyTable]],
      nextAfter: [2, 'string'],
      nodeId: [3, 'string'],
      primary: [4, 'bool'],
      complete: [5, 'bool'],
    }),
  },
  readCopy: { rpc: 'kv.v1.Cluster/ReadCopy', request: readCopyRequestTable, response: readCopyResponseTable },
  forcePrimary: {
    rpc: 'kv.v1.Cluster/ForcePrimary',
    request: new MessageTable<ForcePrimaryRequest>({
      shard: [1, 'uint'],
      acceptDataLoss: [2, 'bool'],
      givesUp: [3, ['string']],
    }),
    response: new MessageTable<ForcePrimaryResponse>({ epoch: [1, 'uint'], seqFloor: [2, 'uint'] }),
  },
  setDraining: {
    rpc: 'kv.v1.Cluster/SetDraining',
    request: new MessageTable<SetDrainingRequest>({ nodeId: [1, 'string'], draining: [2, 'bool'] }),
    response: new MessageTable<SetDrainingResponse>({ shardCount: [1, 'uint'] }),
  },
  checkStop: {
    rpc: 'kv.v1.Cluster/CheckStop',
    request: new MessageTable<CheckStopRequest>({ nodeId: [1, 'string'] }),
    response: new MessageTable<CheckStopResponse>({ shards: [1, [riskTable]], silentNodeIds: [2, ['string']] }),
  },
};
