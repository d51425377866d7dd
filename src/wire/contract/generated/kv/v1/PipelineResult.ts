// Original file: proto/kv/v1/kv.proto

import type { GetResponseInput as _kv_v1_GetResponseInput, GetResponse as _kv_v1_GetResponse } from '../../kv/v1/GetResponse.js';
import type { PutResponseInput as _kv_v1_PutResponseInput, PutResponse as _kv_v1_PutResponse } from '../../kv/v1/PutResponse.js';
import type { DeleteResponseInput as _kv_v1_DeleteResponseInput, DeleteResponse as _kv_v1_DeleteResponse } from '../../kv/v1/DeleteResponse.js';
import type { OperationErrorInput as _kv_v1_OperationErrorInput, OperationError as _kv_v1_OperationError } from '../../kv/v1/OperationError.js';

export interface PipelineResultInput {
  'id'?: (number);
  'get'?: (_kv_v1_GetResponseInput | null);
  'put'?: (_kv_v1_PutResponseInput | null);
  'delete'?: (_kv_v1_DeleteResponseInput | null);
  'error'?: (_kv_v1_OperationErrorInput | null);
  'result'?: "get"|"put"|"delete"|"error";
}

export interface PipelineResult {
  'id': (number);
  'get'?: (_kv_v1_GetResponse | null);
  'put'?: (_kv_v1_PutResponse | null);
  'delete'?: (_kv_v1_DeleteResponse | null);
  'error'?: (_kv_v1_OperationError | null);
  'result'?: "get"|"put"|"delete"|"error";
}
