// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface AppendRequestInput {
  'key'?: (string);
  'value'?: (Buffer | Uint8Array | string);
  'maxBytes'?: (number | string | Long);
}

export interface AppendRequest {
  'key': (string);
  'value': (Buffer);
  'maxBytes': (number);
}
