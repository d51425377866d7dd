/** Queries one node directly by `grpc.health.v1.Health/Check`, without a client and its knowledge of the cluster. */
import { Client, credentials, status as grpcStatus, type ServiceError } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { channelOptions } from '../../../wire/contract/channel-options.js';

/**
 * `ready`: in sync for every shard placed on it. `live`: registered and not stopping. docs/operations.md defines both.
 */
export type HealthQuestion = 'ready' | 'live';

export interface NodeHealth {
  readonly address: string;
  /** Whether the node reports itself as ready, or live. */
  readonly healthy: boolean;
  /** The reason if it is not healthy: the node's report, or a missing answer. */
  readonly problem?: string;
}

const serviceNames: Readonly<Record<HealthQuestion, string>> = { ready: 'kv.v1.KeyValue', live: 'kv.v1.Cluster' };

/** Never rejects: a node that does not answer within the deadline is not healthy. */
export async function checkNode(address: string, question: HealthQuestion, deadlineMs: number): Promise<NodeHealth> {
  const client = new Client(address, credentials.createInsecure(), channelOptions);
  try {
    const reported = await check(client, serviceNames[question], deadlineMs);
    if (reported === 'SERVING') return { address, healthy: true };
    return { address, healthy: false, problem: `the node reports that it is not ${question}` };
  } catch (error) {
    return { address, healthy: false, problem: describe(error as ServiceError) };
  } finally {
    client.close();
  }
}

function check(client: Client, service: string, deadlineMs: number): Promise<string> {
  const { path, requestSerialize, responseDeserialize } = healthService.Check!;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { service },
      { deadline: Date.now() + deadlineMs },
      (error, response) => (error ? reject(error) : resolve((response as { status: string }).status)),
    );
  });
}

function describe({ code, details }: ServiceError): string {
  if (code === grpcStatus.DEADLINE_EXCEEDED) return 'no answer within the deadline';
  if (code === grpcStatus.UNIMPLEMENTED) return 'the program that listens there does not implement grpc.health.v1';
  return details;
}
