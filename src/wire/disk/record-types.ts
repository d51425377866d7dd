/** The types of the records in the write-ahead log, one number each. A number is never used for another type again. */
export const recordTypes = {
  /** The replica exists, with this metadata. It is written when the replica is created, and in each checkpoint. */
  replica: 1,
  append: 2,
  truncate: 3,
  epoch: 4,
  line: 5,
  reset: 6,
  rebase: 7,
  /** The copy is complete, and the snapshot file that it was received into belongs to it. */
  complete: 8,
  /** A snapshot file has been written, and takes the place of the one before. */
  snapshot: 9,
  /** Entries that are in the log already, once more: the log before these records is not needed any more. */
  repeat: 10,
  /** The replica has another id from now on. */
  renamed: 11,
  /** The replica has left: it does not exist any more. */
  left: 12,
  time: 13,
  /** Entries of the `rebase` that follows, which is too large for one record. Without it they do not count. */
  rebasePart: 14,
} as const;

export type RecordType = (typeof recordTypes)[keyof typeof recordTypes];
