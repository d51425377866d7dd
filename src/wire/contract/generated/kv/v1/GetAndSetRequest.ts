// Original file: proto/kv/v1/kv.proto


export interface GetAndSetRequestInput {
  'key'?: (string);
  'value'?: (Buffer | Uint8Array | string);
}

export interface GetAndSetRequest {
  'key': (string);
  'value': (Buffer);
}
