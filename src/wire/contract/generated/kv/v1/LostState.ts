// Original file: proto/kv/v1/kv.proto

import type { HistoryPositionInput as _kv_v1_HistoryPositionInput, HistoryPosition as _kv_v1_HistoryPosition } from '../../kv/v1/HistoryPosition.js';

export interface LostStateInput {
  'position'?: (_kv_v1_HistoryPositionInput | null);
  'inSync'?: (string)[];
}

export interface LostState {
  'position': (_kv_v1_HistoryPosition | null);
  'inSync': (string)[];
}
