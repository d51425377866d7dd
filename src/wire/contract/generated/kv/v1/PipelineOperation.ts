// Original file: proto/kv/v1/kv.proto

import type { GetRequestInput as _kv_v1_GetRequestInput, GetRequest as _kv_v1_GetRequest } from '../../kv/v1/GetRequest.js';
import type { PutRequestInput as _kv_v1_PutRequestInput, PutRequest as _kv_v1_PutRequest } from '../../kv/v1/PutRequest.js';
import type { DeleteRequestInput as _kv_v1_DeleteRequestInput, DeleteRequest as _kv_v1_DeleteRequest } from '../../kv/v1/DeleteRequest.js';

export interface PipelineOperationInput {
  'id'?: (number);
  'get'?: (_kv_v1_GetRequestInput | null);
  'put'?: (_kv_v1_PutRequestInput | null);
  'delete'?: (_kv_v1_DeleteRequestInput | null);
  'traceParent'?: (string);
  'operation'?: "get"|"put"|"delete";
}

export interface PipelineOperation {
  'id': (number);
  'get'?: (_kv_v1_GetRequest | null);
  'put'?: (_kv_v1_PutRequest | null);
  'delete'?: (_kv_v1_DeleteRequest | null);
  'traceParent': (string);
  'operation'?: "get"|"put"|"delete";
}
