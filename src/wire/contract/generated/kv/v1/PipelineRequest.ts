// Original file: proto/kv/v1/kv.proto

import type { PipelineOperationInput as _kv_v1_PipelineOperationInput, PipelineOperation as _kv_v1_PipelineOperation } from './PipelineOperation.js';

export interface PipelineRequestInput {
  'operations'?: (_kv_v1_PipelineOperationInput)[];
}

export interface PipelineRequest {
  'operations': (_kv_v1_PipelineOperation)[];
}
