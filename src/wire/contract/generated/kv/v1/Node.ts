// Original file: proto/kv/v1/kv.proto


export interface NodeInput {
  'id'?: (string);
  'address'?: (string);
  'zone'?: (string);
  'weight'?: (number);
  'framesVersion'?: (number);
  'draining'?: (boolean);
}

export interface Node {
  'id': (string);
  'address': (string);
  'zone': (string);
  'weight': (number);
  'framesVersion': (number);
  'draining': (boolean);
}
