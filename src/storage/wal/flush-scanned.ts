/** Flushes what a scan has read: a process that was killed may have left batches that only the page cache has. */
import { realFiles } from './log-files.js';
import type { LogPlace, LogScan } from './log-scan.js';
import { startLogThread } from './log-thread.js';
import { segmentPath } from './segment-file.js';

/**
 * Resolves once every record that the scan has read survives a loss of power. A copy of the folder may have no segment that is flushed, so
 * all of them are; a segment that was flushed before costs next to nothing.
 */
export async function flushScanned(
  { folder, files = realFiles }: LogPlace,
  { segments, outcome }: Pick<LogScan, 'segments' | 'outcome'>,
  startThread = startLogThread,
): Promise<void> {
  const thread = startThread();
  try {
    for (const number of segments.filter((segment) => segment <= outcome.segment)) {
      const file = files.open(segmentPath(folder, number), 'change');
      await thread.run({ kind: 'flush', file });
      await thread.run({ kind: 'close', file });
    }
  } finally {
    await thread.end();
  }
}
