/** A position of a shard as text, `history:seq`, for trailers and headers. */
import type { ShardPosition } from '../../errors.js';

const pattern = /^([\x21-\x39\x3b-\x7e]+):(\d{1,16})$/;

export function textOfPosition({ history, seq }: ShardPosition): string {
  return `${history}:${seq}`;
}

/** Undefined: the text is no position. */
export function positionOfText(text: string | undefined): ShardPosition | undefined {
  const [, history, digits] = pattern.exec(text ?? '') ?? [];
  const seq = Number(digits);
  return history === undefined || !Number.isSafeInteger(seq) ? undefined : { history, seq };
}
