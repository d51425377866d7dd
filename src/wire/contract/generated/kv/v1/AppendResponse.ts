// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface AppendResponseInput {
  'version'?: (number | string | Long);
  'valueBytes'?: (number | string | Long);
  'nodeId'?: (string);
}

export interface AppendResponse {
  'version': (number);
  'valueBytes': (number);
  'nodeId': (string);
}
