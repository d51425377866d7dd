// Original file: proto/kv/v1/kv.proto


export interface CheckStopRequestInput {
  'nodeId'?: (string);
}

export interface CheckStopRequest {
  'nodeId': (string);
}
