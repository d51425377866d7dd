// Original file: proto/kv/v1/kv.proto

import type { RequestIdentityInput as _kv_v1_RequestIdentityInput, RequestIdentity as _kv_v1_RequestIdentity } from '../../kv/v1/RequestIdentity.js';
import type { PositionInput as _kv_v1_PositionInput, Position as _kv_v1_Position } from '../../kv/v1/Position.js';

export interface GetAndDeleteRequestInput {
  'key'?: (string);
  'sync'?: (boolean);
  'request'?: (_kv_v1_RequestIdentityInput | null);
  'position'?: (_kv_v1_PositionInput | null);
  '_request'?: "request";
  '_position'?: "position";
}

export interface GetAndDeleteRequest {
  'key': (string);
  'sync': (boolean);
  'request'?: (_kv_v1_RequestIdentity | null);
  'position'?: (_kv_v1_Position | null);
  '_request'?: "request";
  '_position'?: "position";
}
