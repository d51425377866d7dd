// Original file: proto/kv/v1/kv.proto


export interface GetAndDeleteRequestInput {
  'key'?: (string);
}

export interface GetAndDeleteRequest {
  'key': (string);
}
