// Original file: proto/kv/v1/kv.proto


export interface ShardAtRiskInput {
  'shard'?: (number);
  'copiesLeft'?: (number);
  'copiesNeeded'?: (number);
}

export interface ShardAtRisk {
  'shard': (number);
  'copiesLeft': (number);
  'copiesNeeded': (number);
}
