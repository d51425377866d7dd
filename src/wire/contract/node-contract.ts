/** The part of the service between nodes that is called over gRPC. All its messages are read and written by hand (src/wire/peer/). */
import { loadProto, serviceIn, withBareMessages } from './proto-files.js';

const { Dump } = serviceIn(loadProto('kv/internal/v1/replication.proto'), 'kv.internal.v1.Replication');

export const replicationService = withBareMessages({ Dump: Dump! }, ['Dump']);
