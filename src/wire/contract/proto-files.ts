/** Loads the proto files as service definitions for grpc-js. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { fromJSON, type Options, type PackageDefinition } from '@grpc/proto-loader';
import protobuf from 'protobufjs';

/** `scripts/generate-types` generates types for the same options. */
export const protoOptions: Options = { longs: Number, enums: String, defaults: true, oneofs: true };

/** The folder that holds kv/v1/kv.proto. It is searched upwards, because this file runs from source and from dist. */
export const protoFolder = findUpwards('proto', import.meta.dirname);

function findUpwards(name: string, from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = join(folder, name);
    if (existsSync(join(found, 'kv/v1/kv.proto'))) return found;
    if (folder === dirname(folder)) throw new Error(`kvnode is installed without its ${name} folder`);
  }
}

/** @param prepare changes what the file declares before it is compiled. */
export function loadProto(file: string, prepare: (root: protobuf.Root) => void = () => {}): PackageDefinition {
  const root = new protobuf.Root().loadSync(join(protoFolder, file));
  prepare(root);
  return fromJSON(root.toJSON(), protoOptions);
}

export function serviceIn(definition: PackageDefinition, name: string): ServiceDefinition {
  const found = definition[name];
  if (found === undefined || 'format' in found) throw new Error(`no service ${name} in the proto files`);
  return found;
}

const asItIs = (bytes: Buffer): Buffer => bytes;

/** Passes bytes through: the messages of these calls are read and written by hand. */
const bare = { requestSerialize: asItIs, requestDeserialize: asItIs, responseSerialize: asItIs, responseDeserialize: asItIs };

/** The service, with the messages of these methods passed through as bytes. */
export function withBareMessages(service: ServiceDefinition, methods: readonly string[]): ServiceDefinition {
  return { ...service, ...Object.fromEntries(methods.map((method) => [method, { ...service[method]!, ...bare }])) };
}

/** The service, with the responses of these methods passed through as bytes. */
export function withBareResponses(service: ServiceDefinition, methods: readonly string[]): ServiceDefinition {
  const responses = { responseSerialize: asItIs, responseDeserialize: asItIs };
  return { ...service, ...Object.fromEntries(methods.map((method) => [method, { ...service[method]!, ...responses }])) };
}
