// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface PositionInput {
  'history'?: (string);
  'seq'?: (number | string | Long);
}

export interface Position {
  'history': (string);
  'seq': (number);
}
