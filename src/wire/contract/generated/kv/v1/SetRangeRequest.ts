// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface SetRangeRequestInput {
  'key'?: (string);
  'offset'?: (number | string | Long);
  'value'?: (Buffer | Uint8Array | string);
  'maxBytes'?: (number | string | Long);
}

export interface SetRangeRequest {
  'key': (string);
  'offset': (number);
  'value': (Buffer);
  'maxBytes': (number);
}
