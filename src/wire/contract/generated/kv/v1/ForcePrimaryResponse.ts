// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface ForcePrimaryResponseInput {
  'epoch'?: (number | string | Long);
  'seqFloor'?: (number | string | Long);
}

export interface ForcePrimaryResponse {
  'epoch': (number);
  'seqFloor': (number);
}
