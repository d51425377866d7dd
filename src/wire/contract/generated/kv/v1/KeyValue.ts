// Original file: proto/kv/v1/kv.proto

import type { MethodDefinition } from '@grpc/proto-loader'
import type { AppendRequestInput as _kv_v1_AppendRequestInput, AppendRequest as _kv_v1_AppendRequest } from '../../kv/v1/AppendRequest.js';
import type { AppendResponseInput as _kv_v1_AppendResponseInput, AppendResponse as _kv_v1_AppendResponse } from '../../kv/v1/AppendResponse.js';
import type { DeleteRequestInput as _kv_v1_DeleteRequestInput, DeleteRequest as _kv_v1_DeleteRequest } from '../../kv/v1/DeleteRequest.js';
import type { DeleteResponseInput as _kv_v1_DeleteResponseInput, DeleteResponse as _kv_v1_DeleteResponse } from '../../kv/v1/DeleteResponse.js';
import type { GetAndDeleteRequestInput as _kv_v1_GetAndDeleteRequestInput, GetAndDeleteRequest as _kv_v1_GetAndDeleteRequest } from '../../kv/v1/GetAndDeleteRequest.js';
import type { GetAndDeleteResponseInput as _kv_v1_GetAndDeleteResponseInput, GetAndDeleteResponse as _kv_v1_GetAndDeleteResponse } from '../../kv/v1/GetAndDeleteResponse.js';
import type { GetAndSetRequestInput as _kv_v1_GetAndSetRequestInput, GetAndSetRequest as _kv_v1_GetAndSetRequest } from '../../kv/v1/GetAndSetRequest.js';
import type { GetAndSetResponseInput as _kv_v1_GetAndSetResponseInput, GetAndSetResponse as _kv_v1_GetAndSetResponse } from '../../kv/v1/GetAndSetResponse.js';
import type { GetRequestInput as _kv_v1_GetRequestInput, GetRequest as _kv_v1_GetRequest } from '../../kv/v1/GetRequest.js';
import type { GetResponseInput as _kv_v1_GetResponseInput, GetResponse as _kv_v1_GetResponse } from '../../kv/v1/GetResponse.js';
import type { IncrementRequestInput as _kv_v1_IncrementRequestInput, IncrementRequest as _kv_v1_IncrementRequest } from '../../kv/v1/IncrementRequest.js';
import type { IncrementResponseInput as _kv_v1_IncrementResponseInput, IncrementResponse as _kv_v1_IncrementResponse } from '../../kv/v1/IncrementResponse.js';
import type { PersistRequestInput as _kv_v1_PersistRequestInput, PersistRequest as _kv_v1_PersistRequest } from '../../kv/v1/PersistRequest.js';
import type { PersistResponseInput as _kv_v1_PersistResponseInput, PersistResponse as _kv_v1_PersistResponse } from '../../kv/v1/PersistResponse.js';
import type { PipelineRequestInput as _kv_v1_PipelineRequestInput, PipelineRequest as _kv_v1_PipelineRequest } from '../../kv/v1/PipelineRequest.js';
import type { PipelineResponseInput as _kv_v1_PipelineResponseInput, PipelineResponse as _kv_v1_PipelineResponse } from '../../kv/v1/PipelineResponse.js';
import type { PutRequestInput as _kv_v1_PutRequestInput, PutRequest as _kv_v1_PutRequest } from '../../kv/v1/PutRequest.js';
import type { PutResponseInput as _kv_v1_PutResponseInput, PutResponse as _kv_v1_PutResponse } from '../../kv/v1/PutResponse.js';
import type { ScanRequestInput as _kv_v1_ScanRequestInput, ScanRequest as _kv_v1_ScanRequest } from '../../kv/v1/ScanRequest.js';
import type { ScanResponseInput as _kv_v1_ScanResponseInput, ScanResponse as _kv_v1_ScanResponse } from '../../kv/v1/ScanResponse.js';
import type { SetRangeRequestInput as _kv_v1_SetRangeRequestInput, SetRangeRequest as _kv_v1_SetRangeRequest } from '../../kv/v1/SetRangeRequest.js';
import type { SetRangeResponseInput as _kv_v1_SetRangeResponseInput, SetRangeResponse as _kv_v1_SetRangeResponse } from '../../kv/v1/SetRangeResponse.js';
import type { TouchRequestInput as _kv_v1_TouchRequestInput, TouchRequest as _kv_v1_TouchRequest } from '../../kv/v1/TouchRequest.js';
import type { TouchResponseInput as _kv_v1_TouchResponseInput, TouchResponse as _kv_v1_TouchResponse } from '../../kv/v1/TouchResponse.js';
import type { TransactRequestInput as _kv_v1_TransactRequestInput, TransactRequest as _kv_v1_TransactRequest } from '../../kv/v1/TransactRequest.js';
import type { TransactResponseInput as _kv_v1_TransactResponseInput, TransactResponse as _kv_v1_TransactResponse } from '../../kv/v1/TransactResponse.js';

export interface KeyValueDefinition {
  Append: MethodDefinition<_kv_v1_AppendRequestInput, _kv_v1_AppendResponseInput, _kv_v1_AppendRequest, _kv_v1_AppendResponse>
  Delete: MethodDefinition<_kv_v1_DeleteRequestInput, _kv_v1_DeleteResponseInput, _kv_v1_DeleteRequest, _kv_v1_DeleteResponse>
  Get: MethodDefinition<_kv_v1_GetRequestInput, _kv_v1_GetResponseInput, _kv_v1_GetRequest, _kv_v1_GetResponse>
  GetAndDelete: MethodDefinition<_kv_v1_GetAndDeleteRequestInput, _kv_v1_GetAndDeleteResponseInput, _kv_v1_GetAndDeleteRequest, _kv_v1_GetAndDeleteResponse>
  GetAndSet: MethodDefinition<_kv_v1_GetAndSetRequestInput, _kv_v1_GetAndSetResponseInput, _kv_v1_GetAndSetRequest, _kv_v1_GetAndSetResponse>
  Increment: MethodDefinition<_kv_v1_IncrementRequestInput, _kv_v1_IncrementResponseInput, _kv_v1_IncrementRequest, _kv_v1_IncrementResponse>
  Persist: MethodDefinition<_kv_v1_PersistRequestInput, _kv_v1_PersistResponseInput, _kv_v1_PersistRequest, _kv_v1_PersistResponse>
  Pipeline: MethodDefinition<_kv_v1_PipelineRequestInput, _kv_v1_PipelineResponseInput, _kv_v1_PipelineRequest, _kv_v1_PipelineResponse>
  Put: MethodDefinition<_kv_v1_PutRequestInput, _kv_v1_PutResponseInput, _kv_v1_PutRequest, _kv_v1_PutResponse>
  Scan: MethodDefinition<_kv_v1_ScanRequestInput, _kv_v1_ScanResponseInput, _kv_v1_ScanRequest, _kv_v1_ScanResponse>
  SetRange: MethodDefinition<_kv_v1_SetRangeRequestInput, _kv_v1_SetRangeResponseInput, _kv_v1_SetRangeRequest, _kv_v1_SetRangeResponse>
  Touch: MethodDefinition<_kv_v1_TouchRequestInput, _kv_v1_TouchResponseInput, _kv_v1_TouchRequest, _kv_v1_TouchResponse>
  Transact: MethodDefinition<_kv_v1_TransactRequestInput, _kv_v1_TransactResponseInput, _kv_v1_TransactRequest, _kv_v1_TransactResponse>
}
