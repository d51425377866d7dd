// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface CopyPlaceInput {
  'nodeId'?: (string);
  'replicaId'?: (string);
  'history'?: (string);
  'appliedSeq'?: (number | string | Long);
  'resets'?: (number | string | Long);
  'keys'?: (number | string | Long);
  'dataBytes'?: (number | string | Long);
}

export interface CopyPlace {
  'nodeId': (string);
  'replicaId': (string);
  'history': (string);
  'appliedSeq': (number);
  'resets': (number);
  'keys': (number);
  'dataBytes': (number);
}
