// Original file: proto/kv/v1/kv.proto

import type { GetRequestInput as _kv_v1_GetRequestInput, GetRequest as _kv_v1_GetRequest } from '../../kv/v1/GetRequest.js';
import type { PutRequestInput as _kv_v1_PutRequestInput, PutRequest as _kv_v1_PutRequest } from '../../kv/v1/PutRequest.js';
import type { DeleteRequestInput as _kv_v1_DeleteRequestInput, DeleteRequest as _kv_v1_DeleteRequest } from '../../kv/v1/DeleteRequest.js';
import type { IncrementRequestInput as _kv_v1_IncrementRequestInput, IncrementRequest as _kv_v1_IncrementRequest } from '../../kv/v1/IncrementRequest.js';
import type { AppendRequestInput as _kv_v1_AppendRequestInput, AppendRequest as _kv_v1_AppendRequest } from '../../kv/v1/AppendRequest.js';
import type { SetRangeRequestInput as _kv_v1_SetRangeRequestInput, SetRangeRequest as _kv_v1_SetRangeRequest } from '../../kv/v1/SetRangeRequest.js';
import type { GetAndSetRequestInput as _kv_v1_GetAndSetRequestInput, GetAndSetRequest as _kv_v1_GetAndSetRequest } from '../../kv/v1/GetAndSetRequest.js';
import type { GetAndDeleteRequestInput as _kv_v1_GetAndDeleteRequestInput, GetAndDeleteRequest as _kv_v1_GetAndDeleteRequest } from '../../kv/v1/GetAndDeleteRequest.js';
import type { TouchRequestInput as _kv_v1_TouchRequestInput, TouchRequest as _kv_v1_TouchRequest } from '../../kv/v1/TouchRequest.js';
import type { PersistRequestInput as _kv_v1_PersistRequestInput, PersistRequest as _kv_v1_PersistRequest } from '../../kv/v1/PersistRequest.js';

export interface TransactOperationInput {
  'get'?: (_kv_v1_GetRequestInput | null);
  'put'?: (_kv_v1_PutRequestInput | null);
  'delete'?: (_kv_v1_DeleteRequestInput | null);
  'increment'?: (_kv_v1_IncrementRequestInput | null);
  'append'?: (_kv_v1_AppendRequestInput | null);
  'setRange'?: (_kv_v1_SetRangeRequestInput | null);
  'getAndSet'?: (_kv_v1_GetAndSetRequestInput | null);
  'getAndDelete'?: (_kv_v1_GetAndDeleteRequestInput | null);
  'touch'?: (_kv_v1_TouchRequestInput | null);
  'persist'?: (_kv_v1_PersistRequestInput | null);
  'operation'?: "get"|"put"|"delete"|"increment"|"append"|"setRange"|"getAndSet"|"getAndDelete"|"touch"|"persist";
}

export interface TransactOperation {
  'get'?: (_kv_v1_GetRequest | null);
  'put'?: (_kv_v1_PutRequest | null);
  'delete'?: (_kv_v1_DeleteRequest | null);
  'increment'?: (_kv_v1_IncrementRequest | null);
  'append'?: (_kv_v1_AppendRequest | null);
  'setRange'?: (_kv_v1_SetRangeRequest | null);
  'getAndSet'?: (_kv_v1_GetAndSetRequest | null);
  'getAndDelete'?: (_kv_v1_GetAndDeleteRequest | null);
  'touch'?: (_kv_v1_TouchRequest | null);
  'persist'?: (_kv_v1_PersistRequest | null);
  'operation'?: "get"|"put"|"delete"|"increment"|"append"|"setRange"|"getAndSet"|"getAndDelete"|"touch"|"persist";
}
