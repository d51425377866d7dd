// Original file: proto/kv/v1/kv.proto

import type { PeerStatusInput as _kv_v1_PeerStatusInput, PeerStatus as _kv_v1_PeerStatus } from '../../kv/v1/PeerStatus.js';
import type { HistoryPositionInput as _kv_v1_HistoryPositionInput, HistoryPosition as _kv_v1_HistoryPosition } from '../../kv/v1/HistoryPosition.js';
import type { LostStateInput as _kv_v1_LostStateInput, LostState as _kv_v1_LostState } from '../../kv/v1/LostState.js';
import type { Long } from '@grpc/proto-loader';

export interface ReplicaStatusInput {
  'shard'?: (number);
  'replicaId'?: (string);
  'role'?: (string);
  'epoch'?: (number | string | Long);
  'serving'?: (boolean);
  'complete'?: (boolean);
  'lastSeq'?: (number | string | Long);
  'lastEpoch'?: (number | string | Long);
  'commitIndex'?: (number | string | Long);
  'appliedSeq'?: (number | string | Long);
  'keys'?: (number | string | Long);
  'peers'?: (_kv_v1_PeerStatusInput)[];
  'offline'?: (boolean);
  'dataBytes'?: (number | string | Long);
  'dataLimitBytes'?: (number | string | Long);
  'held'?: (_kv_v1_HistoryPositionInput | null);
  'found'?: (_kv_v1_HistoryPositionInput | null);
  'lost'?: (_kv_v1_LostStateInput | null);
}

export interface ReplicaStatus {
  'shard': (number);
  'replicaId': (string);
  'role': (string);
  'epoch': (number);
  'serving': (boolean);
  'complete': (boolean);
  'lastSeq': (number);
  'lastEpoch': (number);
  'commitIndex': (number);
  'appliedSeq': (number);
  'keys': (number);
  'peers': (_kv_v1_PeerStatus)[];
  'offline': (boolean);
  'dataBytes': (number);
  'dataLimitBytes': (number);
  'held': (_kv_v1_HistoryPosition | null);
  'found': (_kv_v1_HistoryPosition | null);
  'lost': (_kv_v1_LostState | null);
}
