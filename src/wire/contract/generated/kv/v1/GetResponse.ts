// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface GetResponseInput {
  'found'?: (boolean);
  'value'?: (Buffer | Uint8Array | string);
  'version'?: (number | string | Long);
  'nodeId'?: (string);
}

export interface GetResponse {
  'found': (boolean);
  'value': (Buffer);
  'version': (number);
  'nodeId': (string);
}
