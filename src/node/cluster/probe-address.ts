/** Probes an address: which process answers there? The probe goes the way of clients and other nodes, over gRPC. */
import { type Client, Metadata, type MethodDefinition, type ServiceError, status } from '@grpc/grpc-js';
import { clusterService } from '../../wire/contract/client-contract.js';
import type { NodeStatus } from '../../wire/contract/kv-api.js';
import { newNodeClient } from '../peers/node-client.js';

/** The metadata key of a random token: the process that receives the token is the one that answers at the address. */
export const probeKey = 'kv-probe';

export type ProbeResult =
  | { readonly kind: 'answered'; readonly nodeId: string }
  /** `reason`: in the words of gRPC, as far as it gives a reason. */
  | { readonly kind: 'failed'; readonly reason: string };

export interface Probe {
  /** Resolves within `timeoutMs`, unless it is cancelled; never rejects. */
  readonly result: Promise<ProbeResult>;
  cancel(): void;
}

export function probeAddress(address: string, token: string, timeoutMs: number): Probe {
  const client: Client = newNodeClient(address);
  const { path, requestSerialize, responseDeserialize } = clusterService.GetNodeStatus as MethodDefinition<object, NodeStatus>;
  const metadata = new Metadata();
  metadata.set(probeKey, token);
  const result = new Promise<ProbeResult>((resolve) => {
    const options = { deadline: Date.now() + timeoutMs };
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, {}, metadata, options, (error, response) => {
      client.close();
      if (error === null && response !== undefined) resolve({ kind: 'answered', nodeId: response.nodeId });
      else resolve({ kind: 'failed', reason: reasonOf(error, timeoutMs) });
    });
  });
  return { result, cancel: () => client.close() };
}

function reasonOf(error: ServiceError | null, timeoutMs: number): string {
  if (error?.code === status.DEADLINE_EXCEEDED) return `no answer within ${timeoutMs} ms`;
  if (error?.code === status.UNIMPLEMENTED) return 'a server that is no kvnode answers there';
  // grpc-js puts its own text in front of that of the operating system.
  return error?.details.replace(/^No connection established\. Last error: (Error: )?/, '') ?? 'an answer without a message';
}
