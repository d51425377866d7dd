// Original file: proto/kv/v1/kv.proto

import type { PipelineResultInput as _kv_v1_PipelineResultInput, PipelineResult as _kv_v1_PipelineResult } from '../../kv/v1/PipelineResult.js';

export interface PipelineResponseInput {
  'nodeId'?: (string);
  'results'?: (_kv_v1_PipelineResultInput)[];
}

export interface PipelineResponse {
  'nodeId': (string);
  'results': (_kv_v1_PipelineResult)[];
}
