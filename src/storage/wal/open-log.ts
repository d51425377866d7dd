/** Opens the log after its records were read: makes its end ready to be continued. */

import { fewestSegments, type LogOptions, type ResolvedLogOptions } from './log-options.js';
import type { LogScan } from './log-scan.js';
import { type LogThread, startLogThread } from './log-thread.js';
import type { LoggedReplica } from './record-format.js';
import { type OpenSegment, segmentPath } from './segment-file.js';
import { segmentHeaderBytes } from './segment-header.js';
import { type LogStart, WriteAheadLog } from './write-ahead-log.js';

export const defaultSegmentBytes = 64 * 1024 * 1024;

/**
 * Opens the log. What the scan found to be torn or damaged, and everything after it, is discarded here, so a caller that has to know
 * of the damage later must make a note of it before.
 *
 * @param live the replicas that the records show to exist. Segments that only other replicas need may be removed.
 * @throws Error of the file system; it also says that there is no space for a first segment.
 */
export async function openLog(scan: LogScan, live: readonly LoggedReplica[], options: LogOptions): Promise<WriteAheadLog> {
  const resolved: ResolvedLogOptions = {
    syncIntervalMs: undefined,
    segmentBytes: defaultSegmentBytes,
    retainBytes: 0,
    maxBytes: Number.POSITIVE_INFINITY,
    onProgress: () => {},
    onFlushed: () => {},
    onNoSpace: () => {},
    atTurnEnd: setImmediate,
    startThread: startLogThread,
    ...options,
  };
  check(resolved);
  const thread = resolved.startThread();
  let start: LogStart;
  try {
    start = await prepareStart(thread, scan, live, resolved.segmentBytes);
  } catch (error) {
    await thread.end();
    throw error;
  }
  const log = new WriteAheadLog(start, resolved);
  if (start.current !== undefined || start.ready.length > 0) return log;
  const error = await log.ready();
  if (error === undefined) return log;
  await log.close().catch(() => {});
  throw error;
}

/** Whatever waits for the disk is executed by the thread: a disk may hang. */
async function prepareStart(
  thread: LogThread,
  scan: LogScan,
  live: readonly LoggedReplica[],
  segmentBytes: number,
): Promise<LogStart> {
  const { folder, owner, files } = scan.place;
  const { segment, position, nextBatch } = scan.outcome;
  const kept = await discard(thread, scan, segmentBytes);
  const current = kept.includes(segment) && position > segmentHeaderBytes ? await openEnd(thread, scan) : undefined;
  const ready = kept.filter((number) => number > segment || (number === segment && current === undefined));
  return {
    thread,
    folder,
    owner,
    files,
    end: { segment: current?.number ?? Math.max(0, segment - 1), segmentBytes: current?.bytes ?? 0, position, nextBatch },
    oldest: kept[0] ?? Math.max(1, segment),
    current,
    ready: ready.map((number) => openReady(scan, number)),
    pins: new Map(live.map((replica) => [replica, scan.pinsOf(replica)])),
  };
}

function check({ segmentBytes, maxBytes }: ResolvedLogOptions): void {
  if (segmentBytes % 8 !== 0 || segmentBytes < 2 * segmentHeaderBytes) {
    throw new RangeError(`a segment of the log cannot have ${segmentBytes} bytes`);
  }
  const leastBytes = fewestSegments * segmentBytes;
  if (maxBytes < leastBytes) throw new RangeError(`the log needs ${leastBytes} bytes at least, and may take ${maxBytes}`);
}

/**
 * Removes the segments that do not belong to the log any more: those before its first one, oldest first; then, newest first, those
 * after damage, one of which no batch is valid, and those that are empty and have another size than new ones. So a crash leaves no gap.
 * @returns the numbers of the others
 */
async function discard(
  thread: LogThread,
  { outcome, segments, segmentsBefore, headers, place: { folder } }: LogScan,
  segmentBytes: number,
): Promise<readonly number[]> {
  const { kind, segment, position } = outcome;
  const isKept = (number: number): boolean => {
    if (number < segment) return true;
    if (number === segment && position > segmentHeaderBytes) return true;
    return kind !== 'damaged' && (number > segment || kind === 'end') && headers.get(number)!.bytes === segmentBytes;
  };
  const firstDiscarded = segments.find((number) => !isKept(number)) ?? Number.POSITIVE_INFINITY;
  const after = segments.filter((number) => number >= firstDiscarded).reverse();
  for (const number of [...segmentsBefore, ...after])
    await thread.run({ kind: 'remove', path: segmentPath(folder, number), folder });
  return segments.filter((number) => number < firstDiscarded);
}

/** Opens the segment with the end of the log. Everything up to the end is flushed then, and everything after it is zero. */
async function openEnd(thread: LogThread, { outcome, headers, place: { folder, files } }: LogScan): Promise<OpenSegment> {
  const { number, bytes, salt } = headers.get(outcome.segment)!;
  const file = files.open(segmentPath(folder, number), 'change');
  await thread.run(outcome.kind === 'end' ? { kind: 'flush', file } : { kind: 'fill', file, from: outcome.position, to: bytes });
  return { number, bytes, salt, file };
}

function openReady({ headers, place: { folder, files } }: LogScan, number: number): OpenSegment {
  const { bytes, salt } = headers.get(number)!;
  return { number, bytes, salt, file: files.open(segmentPath(folder, number), 'change') };
}
