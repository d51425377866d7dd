// Original file: proto/kv/v1/kv.proto

import type { PipelineOperationInput as _kv_v1_PipelineOperationInput, PipelineOperation as _kv_v1_PipelineOperation } from '../../kv/v1/PipelineOperation.js';

export interface PipelineRequestInput {
  'operations'?: (_kv_v1_PipelineOperationInput)[];
  'client'?: (string);
}

export interface PipelineRequest {
  'operations': (_kv_v1_PipelineOperation)[];
  'client': (string);
}
