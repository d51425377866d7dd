/** The service that nodes call of each other. All its messages are read and written by hand (src/wire/peer/). */
import { loadProto, serviceIn, withBareMessages } from './proto-files.js';

const service = serviceIn(loadProto('kv/internal/v1/replication.proto'), 'kv.internal.v1.Replication');

export const replicationService = withBareMessages(service, Object.keys(service));
