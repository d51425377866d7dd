// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface ScanRequestInput {
  'shard'?: (number);
  'from'?: (string);
  'to'?: (string);
  'prefix'?: (string);
  'after'?: (string);
  'reverse'?: (boolean);
  'limit'?: (number | string | Long);
  'keysOnly'?: (boolean);
  'maxPageKeys'?: (number);
  'maxPageBytes'?: (number);
}

export interface ScanRequest {
  'shard': (number);
  'from': (string);
  'to': (string);
  'prefix': (string);
  'after': (string);
  'reverse': (boolean);
  'limit': (number);
  'keysOnly': (boolean);
  'maxPageKeys': (number);
  'maxPageBytes': (number);
}
