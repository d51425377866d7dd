/**
 * The services that clients call, in which keys are strings. Pipeline, Scan, and the answers to DumpShard and ScanCopy are read and written by
 * hand (src/wire/pipeline/, src/wire/scan/, src/wire/dump/, src/wire/copies/).
 */
import { changes } from './change-messages.js';
import { loadProto, serviceIn, withBareMessages, withBareResponses } from './proto-files.js';

const contract = loadProto('kv/v1/kv.proto');

export const keyValueService = withBareMessages(serviceIn(contract, 'kv.v1.KeyValue'), [
  'Pipeline',
  'Scan',
  ...Object.values(changes).map(({ rpc }) => rpc),
]);
export const clusterService = withBareResponses(serviceIn(contract, 'kv.v1.Cluster'), ['DumpShard', 'ScanCopy']);
