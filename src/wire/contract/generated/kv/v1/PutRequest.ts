// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface PutRequestInput {
  'key'?: (string);
  'value'?: (Buffer | Uint8Array | string);
  'ifVersion'?: (number | string | Long);
  '_ifVersion'?: "ifVersion";
}

export interface PutRequest {
  'key': (string);
  'value': (Buffer);
  'ifVersion'?: (number);
  '_ifVersion'?: "ifVersion";
}
