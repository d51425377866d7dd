// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface DeleteResponseInput {
  'existed'?: (boolean);
  'version'?: (number | string | Long);
  'nodeId'?: (string);
}

export interface DeleteResponse {
  'existed': (boolean);
  'version': (number);
  'nodeId': (string);
}
