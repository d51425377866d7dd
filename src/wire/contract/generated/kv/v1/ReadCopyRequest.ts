// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface ReadCopyRequestInput {
  'shard'?: (number);
  'keys'?: (string)[];
  'minSeq'?: (number | string | Long);
  'newestWrites'?: (number);
}

export interface ReadCopyRequest {
  'shard': (number);
  'keys': (string)[];
  'minSeq': (number);
  'newestWrites': (number);
}
