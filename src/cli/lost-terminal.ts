/**
 * Lets a process exit normally after its terminal was closed. At its exit Node.js restores the modes of the terminals
 * that it was started on. If one is gone, Node.js aborts with a core dump instead of the exit code. It ignores closed
 * descriptors.
 */
import { closeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** Standard streams that were terminals when the process began. */
const terminals = [0, 1, 2].filter((fd) => isatty(fd));

/** The listener for the `exit` event of the process. */
export function closeLostTerminals(): void {
  for (const fd of terminals) if (!isatty(fd)) closeSync(fd);
}
