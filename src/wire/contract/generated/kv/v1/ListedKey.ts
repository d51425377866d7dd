// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface ListedKeyInput {
  'key'?: (string);
  'version'?: (number | string | Long);
  'valueBytes'?: (number);
  'expiresInMs'?: (number | string | Long);
  '_expiresInMs'?: "expiresInMs";
}

export interface ListedKey {
  'key': (string);
  'version': (number);
  'valueBytes': (number);
  'expiresInMs'?: (number);
  '_expiresInMs'?: "expiresInMs";
}
