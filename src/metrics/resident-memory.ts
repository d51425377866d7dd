/** Resident memory of this process. Node.js reads it from a file, which fails if no file descriptor is left. */
let lastBytes = 0;

/** @returns the current value; if it cannot be read, the last one that was read, or 0. */
export function residentBytes(): number {
  try {
    lastBytes = process.memoryUsage.rss();
  } catch {
    // The shortage is reported elsewhere. A status and metrics without this figure help more than none.
  }
  return lastBytes;
}
