/** A request that is passed on, once: where to, what the node learns from it, and what the caller is told beside the answer. */
import type { MethodDefinition } from '@grpc/grpc-js';
import { KvError } from '../../errors.js';
import type { TraceHeaders } from '../../tracing/index.js';
import type { ShardDirectory } from '../shards/shard-directory.js';
import type { Forwarder } from './forwarder.js';
import { noPrimary } from './primary-elsewhere.js';

export interface ForwardParts {
  readonly directory: ShardDirectory;
  readonly forwarder: Forwarder;
}

export interface Forwarded<Response> {
  readonly response: Response;
  /** Of the node that answered, so that the caller's next request may go there at once. */
  readonly primaryAddress: string;
}

/** @throws KvError: what the other node answers; NO_PRIMARY if there is none to ask; OUTCOME_UNKNOWN if no answer came. */
export async function forwardRequest<Request, Response>(
  { directory, forwarder }: ForwardParts,
  shard: number,
  method: MethodDefinition<Request, Response>,
  request: Request,
  deadlineMs: number,
  trace?: TraceHeaders,
): Promise<Forwarded<Response>> {
  const address = directory.primaryElsewhere(shard);
  if (address === undefined) throw noPrimary(directory.isOffline(shard));
  try {
    const response = await forwarder.forward(address, method, request, deadlineMs, trace);
    directory.learnPrimary(shard, address, undefined);
    return { response, primaryAddress: address };
  } catch (error) {
    if (!(error instanceof KvError)) throw error;
    const failure = error.code === 'WRONG_CLUSTER' ? addressIsTaken(address, error) : error;
    directory.learnPrimary(shard, address, failure);
    throw isOfThePrimary(failure) ? withPrimary(failure, address) : failure;
  }
}

/** To the caller, who asked in the right cluster, that is a primary that cannot be reached: another may take its place. */
function addressIsTaken(address: string, cause: KvError): KvError {
  const message = `the primary cannot be reached: at its address, ${address}, is a node of another cluster (${cause.clusterId}), which executed nothing`;
  return new KvError('NO_PRIMARY', message, { cause });
}

/** Refusals that say nothing of the node, but of the request or the shard. */
function isOfThePrimary({ code, executed, primaryAddress }: KvError): boolean {
  const blamesTheNode = code === 'NOT_PRIMARY' || code === 'NO_PRIMARY' || code === 'STOPPING';
  return executed === 'no' && !blamesTheNode && primaryAddress === undefined;
}

function withPrimary(error: KvError, primaryAddress: string): KvError {
  const { code, message, executed, currentVersion } = error;
  const version = currentVersion === undefined ? {} : { currentVersion };
  return new KvError(code, message, { executed, primaryAddress, cause: error, ...version });
}
