/** The memory that this process has resident. Node.js reads it from a file, which fails where no file descriptor is left. */
let lastBytes = 0;

/** As it is now, or as it was last read; 0 if it never was. */
export function residentBytes(): number {
  try {
    lastBytes = process.memoryUsage.rss();
  } catch {
    // The shortage is reported elsewhere. A status and metrics without this figure help more than none.
  }
  return lastBytes;
}
