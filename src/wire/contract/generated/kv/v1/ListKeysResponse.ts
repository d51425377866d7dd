// Original file: proto/kv/v1/kv.proto

import type { ListedKeyInput as _kv_v1_ListedKeyInput, ListedKey as _kv_v1_ListedKey } from '../../kv/v1/ListedKey.js';

export interface ListKeysResponseInput {
  'keys'?: (_kv_v1_ListedKeyInput)[];
  'nextAfter'?: (string);
  'nodeId'?: (string);
  'primary'?: (boolean);
  'complete'?: (boolean);
}

export interface ListKeysResponse {
  'keys': (_kv_v1_ListedKey)[];
  'nextAfter': (string);
  'nodeId': (string);
  'primary': (boolean);
  'complete': (boolean);
}
