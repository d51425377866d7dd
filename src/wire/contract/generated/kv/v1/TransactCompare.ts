// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface TransactCompareInput {
  'key'?: (string);
  'version'?: (number | string | Long);
  'exists'?: (boolean);
  'value'?: (Buffer | Uint8Array | string);
  '_version'?: "version";
  '_exists'?: "exists";
  '_value'?: "value";
}

export interface TransactCompare {
  'key': (string);
  'version'?: (number);
  'exists'?: (boolean);
  'value'?: (Buffer);
  '_version'?: "version";
  '_exists'?: "exists";
  '_value'?: "value";
}
