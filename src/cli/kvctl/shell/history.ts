/** Keeps the typed lines in a file of the user from one session to the next. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const maxLines = 1_000;
/** Lines may hold values, so only the owner may read the file. */
const ownerOnly = 0o600;

/**
 * The path follows the XDG base directory specification: the history is state that a program keeps between runs.
 *
 * @returns undefined for a user without a home folder: `homeFolder` throws, or names no absolute path.
 */
export function historyPath(
  environment: Readonly<Record<string, string | undefined>>,
  homeFolder: () => string = homedir,
): string | undefined {
  if (environment.XDG_STATE_HOME?.startsWith('/')) return join(environment.XDG_STATE_HOME, ...place);
  try {
    const home = homeFolder();
    return home.startsWith('/') ? join(home, '.local', 'state', ...place) : undefined;
  } catch {
    return undefined;
  }
}

const place = ['kvnode', 'kvctl-history'] as const;

export class History {
  readonly #path: string | undefined;
  readonly #report: (problem: string) => void;
  #isBroken = false;

  /**
   * `report` receives once the reason why lines cannot be kept; the session continues. Without a path no lines are
   * kept.
   */
  constructor(path: string | undefined, report: (problem: string) => void) {
    this.#path = path;
    this.#report = report;
  }

  /** @returns the lines, the newest first, as readline expects them. A long file is cut to its newest lines. */
  load(): string[] {
    const lines = this.#attempt((path) => read(path)) ?? [];
    const newest = lines.slice(-maxLines);
    if (lines.length > 2 * maxLines)
      this.#attempt((path) => writeFileSync(path, newest.map((line) => `${line}\n`).join(''), { mode: ownerOnly }));
    return newest.reverse();
  }

  append(line: string): void {
    this.#attempt((path) => {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      appendFileSync(path, `${line}\n`, { mode: ownerOnly });
    });
  }

  #attempt<Result>(action: (path: string) => Result): Result | undefined {
    if (this.#isBroken) return undefined;
    try {
      if (this.#path === undefined) throw new Error('this user has no home folder, and XDG_STATE_HOME names none');
      return action(this.#path);
    } catch (error) {
      this.#isBroken = true;
      this.#report(`the history is not kept: ${(error as Error).message}`);
      return undefined;
    }
  }
}

function read(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
