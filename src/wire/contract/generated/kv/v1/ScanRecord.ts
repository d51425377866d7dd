// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface ScanRecordInput {
  'key'?: (string);
  'value'?: (Buffer | Uint8Array | string);
  'version'?: (number | string | Long);
  'expiresInMs'?: (number | string | Long);
  '_expiresInMs'?: "expiresInMs";
}

export interface ScanRecord {
  'key': (string);
  'value': (Buffer);
  'version': (number);
  'expiresInMs'?: (number);
  '_expiresInMs'?: "expiresInMs";
}
