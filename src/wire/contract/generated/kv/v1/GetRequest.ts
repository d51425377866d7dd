// Original file: proto/kv/v1/kv.proto


export interface GetRequestInput {
  'key'?: (string);
}

export interface GetRequest {
  'key': (string);
}
