// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface DeleteRequestInput {
  'key'?: (string);
  'ifVersion'?: (number | string | Long);
  '_ifVersion'?: "ifVersion";
}

export interface DeleteRequest {
  'key': (string);
  'ifVersion'?: (number);
  '_ifVersion'?: "ifVersion";
}
