// Original file: proto/kv/v1/kv.proto


export interface SetDrainingRequestInput {
  'nodeId'?: (string);
  'draining'?: (boolean);
}

export interface SetDrainingRequest {
  'nodeId': (string);
  'draining': (boolean);
}
