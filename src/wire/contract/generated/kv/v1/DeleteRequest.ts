// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface DeleteRequestInput {
  'key'?: (string);
  'ifVersion'?: (number | string | Long);
  'ifValue'?: (Buffer | Uint8Array | string);
  '_ifVersion'?: "ifVersion";
  '_ifValue'?: "ifValue";
}

export interface DeleteRequest {
  'key': (string);
  'ifVersion'?: (number);
  'ifValue'?: (Buffer);
  '_ifVersion'?: "ifVersion";
  '_ifValue'?: "ifValue";
}
