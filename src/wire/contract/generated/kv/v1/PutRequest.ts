// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface PutRequestInput {
  'key'?: (string);
  'value'?: (Buffer | Uint8Array | string);
  'ifVersion'?: (number | string | Long);
  'ifValue'?: (Buffer | Uint8Array | string);
  '_ifVersion'?: "ifVersion";
  '_ifValue'?: "ifValue";
}

export interface PutRequest {
  'key': (string);
  'value': (Buffer);
  'ifVersion'?: (number);
  'ifValue'?: (Buffer);
  '_ifVersion'?: "ifVersion";
  '_ifValue'?: "ifValue";
}
