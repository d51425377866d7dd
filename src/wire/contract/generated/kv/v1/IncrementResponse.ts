// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface IncrementResponseInput {
  'value'?: (string);
  'version'?: (number | string | Long);
  'nodeId'?: (string);
}

export interface IncrementResponse {
  'value': (string);
  'version': (number);
  'nodeId': (string);
}
