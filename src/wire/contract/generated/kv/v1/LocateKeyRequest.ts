// Original file: proto/kv/v1/kv.proto


export interface LocateKeyRequestInput {
  'key'?: (string);
}

export interface LocateKeyRequest {
  'key': (string);
}
