// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface HistoryPositionInput {
  'history'?: (string);
  'epoch'?: (number | string | Long);
  'epochId'?: (string);
  'removals'?: (number | string | Long);
}

export interface HistoryPosition {
  'history': (string);
  'epoch': (number);
  'epochId': (string);
  'removals': (number);
}
