// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface GetAndDeleteResponseInput {
  'found'?: (boolean);
  'previousValue'?: (Buffer | Uint8Array | string);
  'previousVersion'?: (number | string | Long);
  'version'?: (number | string | Long);
  'nodeId'?: (string);
}

export interface GetAndDeleteResponse {
  'found': (boolean);
  'previousValue': (Buffer);
  'previousVersion': (number);
  'version': (number);
  'nodeId': (string);
}
