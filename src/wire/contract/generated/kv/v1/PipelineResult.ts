// Original file: proto/kv/v1/kv.proto

import type { GetResponseInput as _kv_v1_GetResponseInput, GetResponse as _kv_v1_GetResponse } from '../../kv/v1/GetResponse.js';
import type { PutResponseInput as _kv_v1_PutResponseInput, PutResponse as _kv_v1_PutResponse } from '../../kv/v1/PutResponse.js';
import type { DeleteResponseInput as _kv_v1_DeleteResponseInput, DeleteResponse as _kv_v1_DeleteResponse } from '../../kv/v1/DeleteResponse.js';
import type { OperationErrorInput as _kv_v1_OperationErrorInput, OperationError as _kv_v1_OperationError } from '../../kv/v1/OperationError.js';
import type { IncrementResponseInput as _kv_v1_IncrementResponseInput, IncrementResponse as _kv_v1_IncrementResponse } from '../../kv/v1/IncrementResponse.js';
import type { AppendResponseInput as _kv_v1_AppendResponseInput, AppendResponse as _kv_v1_AppendResponse } from '../../kv/v1/AppendResponse.js';
import type { SetRangeResponseInput as _kv_v1_SetRangeResponseInput, SetRangeResponse as _kv_v1_SetRangeResponse } from '../../kv/v1/SetRangeResponse.js';
import type { GetAndSetResponseInput as _kv_v1_GetAndSetResponseInput, GetAndSetResponse as _kv_v1_GetAndSetResponse } from '../../kv/v1/GetAndSetResponse.js';
import type { GetAndDeleteResponseInput as _kv_v1_GetAndDeleteResponseInput, GetAndDeleteResponse as _kv_v1_GetAndDeleteResponse } from '../../kv/v1/GetAndDeleteResponse.js';
import type { TransactResponseInput as _kv_v1_TransactResponseInput, TransactResponse as _kv_v1_TransactResponse } from '../../kv/v1/TransactResponse.js';
import type { TouchResponseInput as _kv_v1_TouchResponseInput, TouchResponse as _kv_v1_TouchResponse } from '../../kv/v1/TouchResponse.js';
import type { PersistResponseInput as _kv_v1_PersistResponseInput, PersistResponse as _kv_v1_PersistResponse } from '../../kv/v1/PersistResponse.js';

export interface PipelineResultInput {
  'id'?: (number);
  'get'?: (_kv_v1_GetResponseInput | null);
  'put'?: (_kv_v1_PutResponseInput | null);
  'delete'?: (_kv_v1_DeleteResponseInput | null);
  'error'?: (_kv_v1_OperationErrorInput | null);
  'increment'?: (_kv_v1_IncrementResponseInput | null);
  'append'?: (_kv_v1_AppendResponseInput | null);
  'setRange'?: (_kv_v1_SetRangeResponseInput | null);
  'getAndSet'?: (_kv_v1_GetAndSetResponseInput | null);
  'getAndDelete'?: (_kv_v1_GetAndDeleteResponseInput | null);
  'transact'?: (_kv_v1_TransactResponseInput | null);
  'touch'?: (_kv_v1_TouchResponseInput | null);
  'persist'?: (_kv_v1_PersistResponseInput | null);
  'result'?: "get"|"put"|"delete"|"error"|"increment"|"append"|"setRange"|"getAndSet"|"getAndDelete"|"transact"|"touch"|"persist";
}

export interface PipelineResult {
  'id': (number);
  'get'?: (_kv_v1_GetResponse | null);
  'put'?: (_kv_v1_PutResponse | null);
  'delete'?: (_kv_v1_DeleteResponse | null);
  'error'?: (_kv_v1_OperationError | null);
  'increment'?: (_kv_v1_IncrementResponse | null);
  'append'?: (_kv_v1_AppendResponse | null);
  'setRange'?: (_kv_v1_SetRangeResponse | null);
  'getAndSet'?: (_kv_v1_GetAndSetResponse | null);
  'getAndDelete'?: (_kv_v1_GetAndDeleteResponse | null);
  'transact'?: (_kv_v1_TransactResponse | null);
  'touch'?: (_kv_v1_TouchResponse | null);
  'persist'?: (_kv_v1_PersistResponse | null);
  'result'?: "get"|"put"|"delete"|"error"|"increment"|"append"|"setRange"|"getAndSet"|"getAndDelete"|"transact"|"touch"|"persist";
}
