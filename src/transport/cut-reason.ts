/** Why a server refused or cut off a connection. `docs/metrics.md` has these names as values of a label. */
export const cutReasons = [
  /** No preface, no opening, or no request in time. */
  'silent',
  /** The first bytes belong to no protocol of the port. */
  'unknown_protocol',
  /** Bytes that break the rules of frames. */
  'malformed',
  /** A frame larger than it may be. */
  'too_large',
  /** The opening names a version of the frames, an rpc or a cluster that this server does not serve. */
  'unknown_version',
  'unknown_rpc',
  'wrong_cluster',
  /** No byte came, not even the answer to a ping. */
  'unresponsive',
  /** Nothing of what waits to leave was read for a while. */
  'not_reading',
] as const;

export type CutReason = (typeof cutReasons)[number];
