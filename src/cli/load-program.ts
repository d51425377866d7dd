/**
 * Loads a program and explains the one fault that can keep its files from being read: too few file descriptors.
 *
 * This file is part of the tiny entry of each program, so it imports nothing that has to be loaded first.
 */
import { readFileSync, writeSync } from 'node:fs';

const failed = 1;
const standardError = 2;

/** @returns what `load` imports. Ends the process with exit code 1 if no file can be opened any more. */
export async function loadProgram<Program>(name: string, load: () => Promise<Program>): Promise<Program> {
  try {
    return await load();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EMFILE' && code !== 'ENFILE') throw error;
    explain(name, code);
    process.exit(failed);
  }
}

function explain(name: string, code: 'EMFILE' | 'ENFILE'): void {
  const [reason, advice] =
    code === 'EMFILE'
      ? [
          `this process may have only ${allowed()} files and connections open, which is too few to start`,
          'Raise the limit: "ulimit -n 65536", LimitNOFILE=65536 in a systemd unit, or docker run --ulimit nofile=65536.',
        ]
      : ['this machine has as many files open as it may', 'Close some, or raise the limit of the system (sysctl fs.file-max).'];
  const lines = [`${name}: ${reason} (${code})`, '  data:   nothing was changed.', `  to do:  ${advice}`];
  try {
    writeSync(standardError, `${lines.join('\n')}\n`);
  } catch {
    // Nobody reads it: the exit code is left.
  }
}

/** This fails where no descriptor at all is left, and on systems without /proc. */
function allowed(): string {
  try {
    return /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? 'a few';
  } catch {
    return 'a few';
  }
}
