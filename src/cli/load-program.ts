/**
 * Loads a program and explains the one fault that can keep its files from being read: too few file descriptors.
 *
 * This file is part of the tiny entry of a program, so it imports nothing that has to be loaded first.
 */
import { readFileSync, writeSync } from 'node:fs';

const failed = 1;
const standardError = 2;

/**
 * @param needed file descriptors that the program needs. NaN, on a system that does not report them, is enough.
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
    if (code === 'ENFILE') end(name, 'this machine has as many files open as it may (ENFILE)', raiseSystemLimit);
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

/** Read before anything is loaded: later there may be no descriptor left to read it with. */
function readAllowed(): number {
  try {
    return Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]);
  } catch {
    return Number.NaN;
  }
}
