// Original file: proto/kv/v1/kv.proto

import type { KeyHolderInput as _kv_v1_KeyHolderInput, KeyHolder as _kv_v1_KeyHolder } from '../../kv/v1/KeyHolder.js';
import type { Long } from '@grpc/proto-loader';

export interface KeyLocationInput {
  'shard'?: (number);
  'hash'?: (number);
  'epoch'?: (number | string | Long);
  'holders'?: (_kv_v1_KeyHolderInput)[];
  'slot'?: (number);
}

export interface KeyLocation {
  'shard': (number);
  'hash': (number);
  'epoch': (number);
  'holders': (_kv_v1_KeyHolder)[];
  'slot': (number);
}
