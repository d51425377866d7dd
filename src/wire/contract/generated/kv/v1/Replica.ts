// Original file: proto/kv/v1/kv.proto


export interface ReplicaInput {
  'replicaId'?: (string);
  'nodeId'?: (string);
  'inSync'?: (boolean);
  'live'?: (boolean);
}

export interface Replica {
  'replicaId': (string);
  'nodeId': (string);
  'inSync': (boolean);
  'live': (boolean);
}
