// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface PutResponseInput {
  'version'?: (number | string | Long);
  'nodeId'?: (string);
}

export interface PutResponse {
  'version': (number);
  'nodeId': (string);
}
