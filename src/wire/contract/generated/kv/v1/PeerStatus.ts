// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface PeerStatusInput {
  'replicaId'?: (string);
  'nodeId'?: (string);
  'inSync'?: (boolean);
  'phase'?: (string);
  'ackedSeq'?: (number | string | Long);
}

export interface PeerStatus {
  'replicaId': (string);
  'nodeId': (string);
  'inSync': (boolean);
  'phase': (string);
  'ackedSeq': (number);
}
