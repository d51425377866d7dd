// Original file: proto/kv/v1/kv.proto

import type { RequestIdentityInput as _kv_v1_RequestIdentityInput, RequestIdentity as _kv_v1_RequestIdentity } from '../../kv/v1/RequestIdentity.js';
import type { PositionInput as _kv_v1_PositionInput, Position as _kv_v1_Position } from '../../kv/v1/Position.js';
import type { Long } from '@grpc/proto-loader';

export interface SetRangeRequestInput {
  'key'?: (string);
  'offset'?: (number | string | Long);
  'value'?: (Buffer | Uint8Array | string);
  'maxBytes'?: (number | string | Long);
  'ttlMs'?: (number | string | Long);
  'keepTtl'?: (boolean);
  'sync'?: (boolean);
  'request'?: (_kv_v1_RequestIdentityInput | null);
  'position'?: (_kv_v1_PositionInput | null);
  '_ttlMs'?: "ttlMs";
  '_request'?: "request";
  '_position'?: "position";
}

export interface SetRangeRequest {
  'key': (string);
  'offset': (number);
  'value': (Buffer);
  'maxBytes': (number);
  'ttlMs'?: (number);
  'keepTtl': (boolean);
  'sync': (boolean);
  'request'?: (_kv_v1_RequestIdentity | null);
  'position'?: (_kv_v1_Position | null);
  '_ttlMs'?: "ttlMs";
  '_request'?: "request";
  '_position'?: "position";
}
