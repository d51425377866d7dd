// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface RequestIdentityInput {
  'client'?: (string);
  'number'?: (number | string | Long);
  'lowest'?: (number | string | Long);
  'firstAttempt'?: (boolean);
}

export interface RequestIdentity {
  'client': (string);
  'number': (number);
  'lowest': (number);
  'firstAttempt': (boolean);
}
