/** Appends entries to the primary's log (R6). They are persisted and sent at the end of the turn. */
import type { Answer } from '../protocol/effect.js';
import { entryBytes, type KeyWrite, type LogEntry } from '../protocol/log-entry.js';
import type { RecordedRequest } from '../protocol/request.js';
import type { Core } from '../state/core.js';
import type { Primary } from '../state/role.js';

interface Appended {
  readonly writes: readonly KeyWrite[];
  /** Of the call that is answered once the entry has committed. Undefined: no call waits for it. */
  readonly token?: unknown;
  /** The answer; undefined: only the version. */
  readonly given?: Answer | undefined;
  /** The call is answered once every required member has flushed the entry. */
  readonly sync?: boolean | undefined;
  readonly request?: RecordedRequest | undefined;
  /** The entry has to do with expiry (R17). */
  readonly isTimed?: boolean;
}

export function append(core: Core, role: Primary, { writes, token, given, sync, request, isTimed }: Appended): void {
  const seq = core.log.lastSeq + 1;
  const { epoch } = role;
  const entry: LogEntry = isTimed ? { seq, epoch, writes, request, atMs: core.timeMs } : { seq, epoch, writes, request };
  core.log.append(entry, role.epochId);
  if (request !== undefined) core.requests.begin(request);
  for (const { key } of writes) role.uncommitted.set(key, entry);
  role.uncommittedBytes += entryBytes(entry);
  role.waiters.addWrite(entry.seq, token, given, sync);
}
