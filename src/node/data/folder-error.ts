/** The error of a data directory that a node cannot use. It names the folder, the reason, and what the operator can do. */
import { KvError } from '../../errors.js';

export function unusable(path: string, reason: string, cause?: unknown): KvError {
  return new KvError('DATA_UNAVAILABLE', `--data-dir ${path}: ${reason}`, cause === undefined ? {} : { cause });
}

/** The same for a failed call of the system: `what` says what the node tried to do. */
export function failedCall(path: string, what: string, error: unknown): KvError {
  const { code } = error as NodeJS.ErrnoException;
  const reason = code === undefined ? undefined : reasons[code];
  return unusable(path, `cannot ${what}: ${reason ?? (error as Error).message}`, error);
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied. The user that runs the node must own the folder',
  EPERM: 'operation not permitted. The user that runs the node must own the folder',
  EROFS: 'the file system is mounted read-only',
  ENOSPC: 'the file system is full. Make room, and start the node again',
  EDQUOT: 'the quota of the user is exhausted. Raise it or make room, and start the node again',
  ENOTDIR: 'a part of the path is not a folder',
};
