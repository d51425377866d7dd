/**
 * Loads the proto files and exports service definitions for grpc-js.
 *
 * Servers read keys as bytes. A decoder that turns bytes into a string replaces invalid UTF-8, which would make two different
 * keys one. The server checks the bytes itself (src/node/operations/request-checks.ts). The wire format is the same.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { fromJSON, loadSync, type Options, type PackageDefinition } from '@grpc/proto-loader';
import { protoPath as healthProtoPath } from 'grpc-health-check';
import protobuf from 'protobufjs';

/** `scripts/generate-types` generates types for the same options. */
const options: Options = { longs: Number, enums: String, defaults: true, oneofs: true };

/** The folder that holds kv/v1/kv.proto. It is searched upwards, because this file runs from source and from dist. */
export const protoFolder = findUpwards('proto', import.meta.dirname);

function findUpwards(name: string, from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = join(folder, name);
    if (existsSync(join(found, 'kv/v1/kv.proto'))) return found;
    if (folder === dirname(folder)) throw new Error(`kvnode is installed without its ${name} folder`);
  }
}

function load(file: string, prepare: (root: protobuf.Root) => void = () => {}): PackageDefinition {
  const root = new protobuf.Root().loadSync(join(protoFolder, file));
  prepare(root);
  return fromJSON(root.toJSON(), options);
}

/** Changes the type of keys in requests from string to bytes. */
function readKeysAsBytes(root: protobuf.Root): void {
  for (const name of ['GetRequest', 'PutRequest', 'DeleteRequest', 'LocateKeyRequest']) {
    const key = root.lookupType(`kv.v1.${name}`).fields.key;
    if (key === undefined) throw new Error(`kv.v1.${name} has no key`);
    key.type = 'bytes';
  }
}

function service(definition: PackageDefinition, name: string): ServiceDefinition {
  const found = definition[name];
  if (found === undefined || 'format' in found) throw new Error(`no service ${name} in the proto files`);
  return found;
}

const asItIs = (bytes: Buffer): Buffer => bytes;

/** Passes bytes through: the messages of these calls are read and written by hand. */
const bare = { requestSerialize: asItIs, requestDeserialize: asItIs, responseSerialize: asItIs, responseDeserialize: asItIs };

function bareService(definition: PackageDefinition, name: string): ServiceDefinition {
  const methods = Object.entries(service(definition, name));
  return Object.fromEntries(methods.map(([method, found]) => [method, { ...found, ...bare }]));
}

const publicContract = load('kv/v1/kv.proto');
const publicContractWithRawKeys = load('kv/v1/kv.proto', readKeysAsBytes);
const nodeContract = load('kv/internal/v1/replication.proto');

/** The messages of Pipeline are read and written by hand (pipeline-operations.ts, pipeline-results.ts). */
function withBarePipeline(keyValue: ServiceDefinition): ServiceDefinition {
  return { ...keyValue, Pipeline: { ...keyValue.Pipeline!, ...bare } };
}

/** For clients: keys are strings. */
export const keyValueService = withBarePipeline(service(publicContract, 'kv.v1.KeyValue'));
export const clusterService = service(publicContract, 'kv.v1.Cluster');
/** For servers: keys are bytes. */
export const clusterServiceWithRawKeys = service(publicContractWithRawKeys, 'kv.v1.Cluster');
export const keyValueServiceWithRawKeys = withBarePipeline(service(publicContractWithRawKeys, 'kv.v1.KeyValue'));
/** For nodes among themselves: messages are read and written by hand (replication-codec.ts, snapshot-codec.ts). */
export const replicationService = bareService(nodeContract, 'kv.internal.v1.Replication');

/** The contracts that reflection shows: those meant for clients. */
export function reflectedContracts(): PackageDefinition {
  return { ...publicContract, ...loadSync(healthProtoPath, options) };
}
