// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface ScanCopyRequestInput {
  'shard'?: (number);
  'maxBytesPerSecond'?: (number | string | Long);
  'throughSeq'?: (number | string | Long);
  'buckets'?: (number);
  'chosen'?: (Buffer | Uint8Array | string);
}

export interface ScanCopyRequest {
  'shard': (number);
  'maxBytesPerSecond': (number);
  'throughSeq': (number);
  'buckets': (number);
  'chosen': (Buffer);
}
