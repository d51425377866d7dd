// Original file: proto/kv/v1/kv.proto


export interface IncrementRequestInput {
  'key'?: (string);
  'by'?: (string);
  'initial'?: (string);
  'min'?: (string);
  'max'?: (string);
}

export interface IncrementRequest {
  'key': (string);
  'by': (string);
  'initial': (string);
  'min': (string);
  'max': (string);
}
