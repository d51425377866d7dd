// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface SetRangeResponseInput {
  'version'?: (number | string | Long);
  'valueBytes'?: (number | string | Long);
  'nodeId'?: (string);
}

export interface SetRangeResponse {
  'version': (number);
  'valueBytes': (number);
  'nodeId': (string);
}
