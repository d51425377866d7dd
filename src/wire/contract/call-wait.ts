/**
 * How a single call says that it does not wait while its shard is not served: gRPC metadata and the HTTP header `kv-wait`, as
 * documented in proto/kv/v1/kv.proto.
 */
import type { Metadata } from '@grpc/grpc-js';

/** Key of the metadata, and name of the HTTP header. */
export const waitKey = 'kv-wait';
/** The value with which the node refuses at once. Any other value changes nothing. */
export const refuseAtOnce = 'no';

export function callWaits(metadata: Metadata): boolean {
  return !metadata.get(waitKey).includes(refuseAtOnce);
}
