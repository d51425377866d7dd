// Original file: proto/kv/v1/kv.proto


export interface KeyHolderInput {
  'nodeId'?: (string);
  'address'?: (string);
  'role'?: (string);
  'placed'?: (boolean);
}

export interface KeyHolder {
  'nodeId': (string);
  'address': (string);
  'role': (string);
  'placed': (boolean);
}
