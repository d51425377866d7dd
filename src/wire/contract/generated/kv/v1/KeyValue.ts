// Original file: proto/kv/v1/kv.proto

import type { MethodDefinition } from '@grpc/proto-loader'
import type { DeleteRequestInput as _kv_v1_DeleteRequestInput, DeleteRequest as _kv_v1_DeleteRequest } from '../../kv/v1/DeleteRequest.js';
import type { DeleteResponseInput as _kv_v1_DeleteResponseInput, DeleteResponse as _kv_v1_DeleteResponse } from '../../kv/v1/DeleteResponse.js';
import type { GetRequestInput as _kv_v1_GetRequestInput, GetRequest as _kv_v1_GetRequest } from '../../kv/v1/GetRequest.js';
import type { GetResponseInput as _kv_v1_GetResponseInput, GetResponse as _kv_v1_GetResponse } from '../../kv/v1/GetResponse.js';
import type { PipelineRequestInput as _kv_v1_PipelineRequestInput, PipelineRequest as _kv_v1_PipelineRequest } from '../../kv/v1/PipelineRequest.js';
import type { PipelineResponseInput as _kv_v1_PipelineResponseInput, PipelineResponse as _kv_v1_PipelineResponse } from '../../kv/v1/PipelineResponse.js';
import type { PutRequestInput as _kv_v1_PutRequestInput, PutRequest as _kv_v1_PutRequest } from '../../kv/v1/PutRequest.js';
import type { PutResponseInput as _kv_v1_PutResponseInput, PutResponse as _kv_v1_PutResponse } from '../../kv/v1/PutResponse.js';

export interface KeyValueDefinition {
  Delete: MethodDefinition<_kv_v1_DeleteRequestInput, _kv_v1_DeleteResponseInput, _kv_v1_DeleteRequest, _kv_v1_DeleteResponse>
  Get: MethodDefinition<_kv_v1_GetRequestInput, _kv_v1_GetResponseInput, _kv_v1_GetRequest, _kv_v1_GetResponse>
  Pipeline: MethodDefinition<_kv_v1_PipelineRequestInput, _kv_v1_PipelineResponseInput, _kv_v1_PipelineRequest, _kv_v1_PipelineResponse>
  Put: MethodDefinition<_kv_v1_PutRequestInput, _kv_v1_PutResponseInput, _kv_v1_PutRequest, _kv_v1_PutResponse>
}
