// Original file: proto/kv/v1/kv.proto

import type { MethodDefinition } from '@grpc/proto-loader'
import type { CheckStopRequestInput as _kv_v1_CheckStopRequestInput, CheckStopRequest as _kv_v1_CheckStopRequest } from '../../kv/v1/CheckStopRequest.js';
import type { CheckStopResponseInput as _kv_v1_CheckStopResponseInput, CheckStopResponse as _kv_v1_CheckStopResponse } from '../../kv/v1/CheckStopResponse.js';
import type { DumpShardRequestInput as _kv_v1_DumpShardRequestInput, DumpShardRequest as _kv_v1_DumpShardRequest } from '../../kv/v1/DumpShardRequest.js';
import type { DumpShardResponseInput as _kv_v1_DumpShardResponseInput, DumpShardResponse as _kv_v1_DumpShardResponse } from '../../kv/v1/DumpShardResponse.js';
import type { ForcePrimaryRequestInput as _kv_v1_ForcePrimaryRequestInput, ForcePrimaryRequest as _kv_v1_ForcePrimaryRequest } from '../../kv/v1/ForcePrimaryRequest.js';
import type { ForcePrimaryResponseInput as _kv_v1_ForcePrimaryResponseInput, ForcePrimaryResponse as _kv_v1_ForcePrimaryResponse } from '../../kv/v1/ForcePrimaryResponse.js';
import type { GetNodeStatusRequestInput as _kv_v1_GetNodeStatusRequestInput, GetNodeStatusRequest as _kv_v1_GetNodeStatusRequest } from '../../kv/v1/GetNodeStatusRequest.js';
import type { GetTopologyRequestInput as _kv_v1_GetTopologyRequestInput, GetTopologyRequest as _kv_v1_GetTopologyRequest } from '../../kv/v1/GetTopologyRequest.js';
import type { KeyLocationInput as _kv_v1_KeyLocationInput, KeyLocation as _kv_v1_KeyLocation } from '../../kv/v1/KeyLocation.js';
import type { ListKeysRequestInput as _kv_v1_ListKeysRequestInput, ListKeysRequest as _kv_v1_ListKeysRequest } from '../../kv/v1/ListKeysRequest.js';
import type { ListKeysResponseInput as _kv_v1_ListKeysResponseInput, ListKeysResponse as _kv_v1_ListKeysResponse } from '../../kv/v1/ListKeysResponse.js';
import type { LocateKeyRequestInput as _kv_v1_LocateKeyRequestInput, LocateKeyRequest as _kv_v1_LocateKeyRequest } from '../../kv/v1/LocateKeyRequest.js';
import type { NodeStatusInput as _kv_v1_NodeStatusInput, NodeStatus as _kv_v1_NodeStatus } from '../../kv/v1/NodeStatus.js';
import type { ReadCopyRequestInput as _kv_v1_ReadCopyRequestInput, ReadCopyRequest as _kv_v1_ReadCopyRequest } from '../../kv/v1/ReadCopyRequest.js';
import type { ReadCopyResponseInput as _kv_v1_ReadCopyResponseInput, ReadCopyResponse as _kv_v1_ReadCopyResponse } from '../../kv/v1/ReadCopyResponse.js';
import type { ScanCopyRequestInput as _kv_v1_ScanCopyRequestInput, ScanCopyRequest as _kv_v1_ScanCopyRequest } from '../../kv/v1/ScanCopyRequest.js';
import type { ScanCopyResponseInput as _kv_v1_ScanCopyResponseInput, ScanCopyResponse as _kv_v1_ScanCopyResponse } from '../../kv/v1/ScanCopyResponse.js';
import type { SetDrainingRequestInput as _kv_v1_SetDrainingRequestInput, SetDrainingRequest as _kv_v1_SetDrainingRequest } from '../../kv/v1/SetDrainingRequest.js';
import type { SetDrainingResponseInput as _kv_v1_SetDrainingResponseInput, SetDrainingResponse as _kv_v1_SetDrainingResponse } from '../../kv/v1/SetDrainingResponse.js';
import type { TopologyInput as _kv_v1_TopologyInput, Topology as _kv_v1_Topology } from '../../kv/v1/Topology.js';

export interface ClusterDefinition {
  CheckStop: MethodDefinition<_kv_v1_CheckStopRequestInput, _kv_v1_CheckStopResponseInput, _kv_v1_CheckStopRequest, _kv_v1_CheckStopResponse>
  DumpShard: MethodDefinition<_kv_v1_DumpShardRequestInput, _kv_v1_DumpShardResponseInput, _kv_v1_DumpShardRequest, _kv_v1_DumpShardResponse>
  ForcePrimary: MethodDefinition<_kv_v1_ForcePrimaryRequestInput, _kv_v1_ForcePrimaryResponseInput, _kv_v1_ForcePrimaryRequest, _kv_v1_ForcePrimaryResponse>
  GetNodeStatus: MethodDefinition<_kv_v1_GetNodeStatusRequestInput, _kv_v1_NodeStatusInput, _kv_v1_GetNodeStatusRequest, _kv_v1_NodeStatus>
  GetTopology: MethodDefinition<_kv_v1_GetTopologyRequestInput, _kv_v1_TopologyInput, _kv_v1_GetTopologyRequest, _kv_v1_Topology>
  ListKeys: MethodDefinition<_kv_v1_ListKeysRequestInput, _kv_v1_ListKeysResponseInput, _kv_v1_ListKeysRequest, _kv_v1_ListKeysResponse>
  LocateKey: MethodDefinition<_kv_v1_LocateKeyRequestInput, _kv_v1_KeyLocationInput, _kv_v1_LocateKeyRequest, _kv_v1_KeyLocation>
  ReadCopy: MethodDefinition<_kv_v1_ReadCopyRequestInput, _kv_v1_ReadCopyResponseInput, _kv_v1_ReadCopyRequest, _kv_v1_ReadCopyResponse>
  ScanCopy: MethodDefinition<_kv_v1_ScanCopyRequestInput, _kv_v1_ScanCopyResponseInput, _kv_v1_ScanCopyRequest, _kv_v1_ScanCopyResponse>
  SetDraining: MethodDefinition<_kv_v1_SetDrainingRequestInput, _kv_v1_SetDrainingResponseInput, _kv_v1_SetDrainingRequest, _kv_v1_SetDrainingResponse>
  WatchTopology: MethodDefinition<_kv_v1_GetTopologyRequestInput, _kv_v1_TopologyInput, _kv_v1_GetTopologyRequest, _kv_v1_Topology>
}
