// Original file: proto/kv/v1/kv.proto

import type { RequestIdentityInput as _kv_v1_RequestIdentityInput, RequestIdentity as _kv_v1_RequestIdentity } from '../../kv/v1/RequestIdentity.js';
import type { PositionInput as _kv_v1_PositionInput, Position as _kv_v1_Position } from '../../kv/v1/Position.js';
import type { Long } from '@grpc/proto-loader';

export interface PutRequestInput {
  'key'?: (string);
  'value'?: (Buffer | Uint8Array | string);
  'ifVersion'?: (number | string | Long);
  'ifValue'?: (Buffer | Uint8Array | string);
  'ttlMs'?: (number | string | Long);
  'keepTtl'?: (boolean);
  'sync'?: (boolean);
  'request'?: (_kv_v1_RequestIdentityInput | null);
  'position'?: (_kv_v1_PositionInput | null);
  '_ifVersion'?: "ifVersion";
  '_ifValue'?: "ifValue";
  '_ttlMs'?: "ttlMs";
  '_request'?: "request";
  '_position'?: "position";
}

export interface PutRequest {
  'key': (string);
  'value': (Buffer);
  'ifVersion'?: (number);
  'ifValue'?: (Buffer);
  'ttlMs'?: (number);
  'keepTtl': (boolean);
  'sync': (boolean);
  'request'?: (_kv_v1_RequestIdentity | null);
  'position'?: (_kv_v1_Position | null);
  '_ifVersion'?: "ifVersion";
  '_ifValue'?: "ifValue";
  '_ttlMs'?: "ttlMs";
  '_request'?: "request";
  '_position'?: "position";
}
