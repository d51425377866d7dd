/**
 * Loads a program. If there are too few file descriptors to read its files, it explains that and ends the process.
 *
 * This file is part of the tiny entry of a program, so it imports nothing that has to be loaded first.
 */
import { readFileSync, writeSync } from 'node:fs';

const failed = 1;
const standardError = 2;

/**
 * @param needed the number of file descriptors that the program needs. It is not checked on a system that reports no
 *   limit.
 * @returns what `load` imports. Ends the process with exit code 1 if it has too few descriptors.
 */
export async function loadProgram<Program>(name: string, needed: number, load: () => Promise<Program>): Promise<Program> {
  const allowed = readAllowed();
  const tooFew = `this process may have only ${allowed} files and connections open at once, and needs ${needed}`;
  if (allowed < needed) end(name, tooFew, raiseLimit);
  try {
    return await load();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EMFILE') end(name, `${tooFew} (EMFILE)`, raiseLimit);
    if (code === 'ENFILE') end(name, 'this machine has reached its limit of open files (ENFILE)', raiseSystemLimit);
    throw error;
  }
}

const raiseLimit =
  'Raise the limit: "ulimit -n 65536", LimitNOFILE=65536 in a systemd unit, or docker run --ulimit nofile=65536.';
const raiseSystemLimit = 'Close some, or raise the limit of the system (sysctl fs.file-max).';

function end(name: string, reason: string, advice: string): never {
  const lines = [`${name}: ${reason}`, '  data:   nothing was changed.', `  to do:  ${advice}`];
  try {
    writeSync(standardError, `${lines.join('\n')}\n`);
  } catch {
    // If stderr cannot be written, only the exit code is left.
  }
  process.exit(failed);
}

/** This is read before anything is loaded, since later no descriptor may be left to read it. */
function readAllowed(): number {
  try {
    return Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]);
  } catch {
    return Number.NaN;
  }
}
