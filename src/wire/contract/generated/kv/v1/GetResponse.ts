// Original file: proto/kv/v1/kv.proto

import type { PositionInput as _kv_v1_PositionInput, Position as _kv_v1_Position } from '../../kv/v1/Position.js';
import type { Long } from '@grpc/proto-loader';

export interface GetResponseInput {
  'found'?: (boolean);
  'value'?: (Buffer | Uint8Array | string);
  'version'?: (number | string | Long);
  'nodeId'?: (string);
  'expiresInMs'?: (number | string | Long);
  'position'?: (_kv_v1_PositionInput | null);
  '_expiresInMs'?: "expiresInMs";
  '_position'?: "position";
}

export interface GetResponse {
  'found': (boolean);
  'value': (Buffer);
  'version': (number);
  'nodeId': (string);
  'expiresInMs'?: (number);
  'position'?: (_kv_v1_Position | null);
  '_expiresInMs'?: "expiresInMs";
  '_position'?: "position";
}
