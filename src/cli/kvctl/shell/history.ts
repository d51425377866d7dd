/** The lines that were typed, kept in a file of the user's own from one session to the next. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const maxLines = 1_000;
/** Lines may hold values: nobody else reads them. */
const ownerOnly = 0o600;

/** By the XDG base directory specification: what a program wants to find again, and nobody would miss. */
export function historyPath(environment: Readonly<Record<string, string | undefined>>): string {
  const folder = environment.XDG_STATE_HOME?.startsWith('/') ? environment.XDG_STATE_HOME : join(homedir(), '.local', 'state');
  return join(folder, 'kvnode', 'kvctl-history');
}

export class History {
  readonly #path: string;
  readonly #tell: (problem: string) => void;
  #isBroken = false;

  /** `tell` hears once why lines cannot be kept: the session goes on without. */
  constructor(path: string, tell: (problem: string) => void) {
    this.#path = path;
    this.#tell = tell;
  }

  /** Newest first, as readline wants them. A file that has grown is cut to its newest lines. */
  load(): string[] {
    const lines = this.#attempt(() => this.#read()) ?? [];
    const newest = lines.slice(-maxLines);
    if (lines.length > 2 * maxLines)
      this.#attempt(() => writeFileSync(this.#path, newest.map((line) => `${line}\n`).join(''), { mode: ownerOnly }));
    return newest.reverse();
  }

  append(line: string): void {
    this.#attempt(() => {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      appendFileSync(this.#path, `${line}\n`, { mode: ownerOnly });
    });
  }

  #read(): string[] {
    try {
      return readFileSync(this.#path, 'utf8')
        .split('\n')
        .filter((line) => line !== '');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  #attempt<Result>(action: () => Result): Result | undefined {
    if (this.#isBroken) return undefined;
    try {
      return action();
    } catch (error) {
      this.#isBroken = true;
      this.#tell(`what is typed is not kept: ${(error as Error).message}`);
      return undefined;
    }
  }
}
