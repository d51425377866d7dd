/** The services that clients call, in which keys are strings. Pipeline is read and written by hand (src/wire/pipeline/). */
import { changes } from './change-messages.js';
import { loadProto, serviceIn, withBareMessages } from './proto-files.js';

const contract = loadProto('kv/v1/kv.proto');

export const keyValueService = withBareMessages(serviceIn(contract, 'kv.v1.KeyValue'), [
  'Pipeline',
  ...Object.values(changes).map(({ rpc }) => rpc),
]);
export const clusterService = serviceIn(contract, 'kv.v1.Cluster');
