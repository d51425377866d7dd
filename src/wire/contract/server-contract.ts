/**
 * The services that nodes serve to clients. In requests keys are bytes: a decoder that turns bytes into a string replaces invalid
 * UTF-8, which would make two different keys one. The server checks the bytes itself (src/node/operations/request-checks.ts). The
 * wire format is the same.
 */
import type protobuf from 'protobufjs';
import { changes } from './change-messages.js';
import { loadProto, serviceIn, withBareMessages, withBareResponses } from './proto-files.js';

const contract = loadProto('kv/v1/kv.proto', readKeysAsBytes);

export const clusterServiceWithRawKeys = withBareResponses(serviceIn(contract, 'kv.v1.Cluster'), ['DumpShard', 'ScanCopy']);
export const keyValueServiceWithRawKeys = withBareMessages(serviceIn(contract, 'kv.v1.KeyValue'), [
  'Pipeline',
  'Scan',
  ...Object.values(changes).map(({ rpc }) => rpc),
]);

function readKeysAsBytes(root: protobuf.Root): void {
  for (const name of ['GetRequest', 'PutRequest', 'DeleteRequest', 'LocateKeyRequest']) {
    const key = root.lookupType(`kv.v1.${name}`).fields.key;
    if (key === undefined) throw new Error(`kv.v1.${name} has no key`);
    key.type = 'bytes';
  }
}
