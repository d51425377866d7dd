/** Runs kvctl as a separate process: to its end, or with typed input on a pseudo-terminal. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import { programPath } from '../../../local/programs.js';

export interface Exit {
  readonly code: number;
  readonly stdout: string;
  readonly bytes: Buffer;
  readonly stderr: string;
}

export interface RunOptions {
  /** The input. The items of an iterable are written as they arrive. */
  readonly stdin?: string | Uint8Array | AsyncIterable<Uint8Array>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Closes the reading end of its stderr at once. */
  readonly withoutStderr?: boolean;
}

export interface RunningKvctl {
  readonly ended: Promise<Exit>;
  /** Waits until stderr matches. */
  notes(expected: RegExp): Promise<void>;
  /** Ends it at once. */
  kill(): void;
}

const patienceMs = 30_000;
const noCluster = { KVNODE_NODES: '', KVNODE_ZK: '', KVNODE_ROOT: '' };

export function runKvctl(words: readonly string[], options: RunOptions = {}): Promise<Exit> {
  return startKvctl(words, options).ended;
}

export function startKvctl(
  words: readonly string[],
  { stdin = '', environment = {}, withoutStderr }: RunOptions = {},
): RunningKvctl {
  const child = spawn(process.execPath, [programPath('kvctl'), ...words], {
    env: { ...process.env, ...noCluster, ...environment },
  });
  // The process may end without reading its stdin.
  child.stdin.on('error', () => {});
  if (typeof stdin === 'string' || stdin instanceof Uint8Array) child.stdin.end(stdin);
  else Readable.from(stdin).pipe(child.stdin);
  if (withoutStderr === true) child.stderr.destroy();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const end = async (): Promise<Exit> => {
    const [bytes, [code]] = await Promise.all([buffer(child.stdout), once(child, 'close')]);
    return { code: code as number, stdout: bytes.toString(), bytes, stderr };
  };
  const notes = async (expected: RegExp): Promise<void> => {
    while (!expected.test(stderr)) {
      if (child.stderr.readableEnded) throw new Error(`it has ended without ${expected}: ${stderr}`);
      await once(child.stderr, 'data', { signal: AbortSignal.timeout(patienceMs) });
    }
  };
  return { ended: end(), notes, kill: () => void child.kill('SIGKILL') };
}

/**
 * kvctl on a pseudo-terminal, which `script` of util-linux makes. Its output, stdout and stderr alike, is kept as
 * text.
 */
export class KvctlTerminal implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<unknown[]>;
  #shown = '';
  #seen = 0;

  constructor(words: readonly string[], environment: Readonly<Record<string, string>>) {
    const command = [process.execPath, programPath('kvctl'), ...words].map((word) => `'${word}'`).join(' ');
    this.#child = spawn('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], {
      env: { ...process.env, ...noCluster, TERM: 'xterm', ...environment },
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#shown += text;
    });
    this.#ended = once(this.#child, 'close');
  }

  /** Types a tab by itself, since kvctl would treat a tab within a longer text as pasted. */
  type(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Waits until new output matches. @returns the output up to the match */
  async shows(expected: RegExp): Promise<string> {
    const endMs = performance.now() + patienceMs;
    for (;;) {
      const text = stripVTControlCharacters(this.#shown.slice(this.#seen));
      const match = expected.exec(text);
      if (match !== null) {
        this.#seen = this.#shown.length;
        return text;
      }
      if (performance.now() > endMs) throw new Error(`waited for ${expected}; shown: ${JSON.stringify(text)}`);
      await Promise.race([once(this.#child.stdout, 'data', { signal: AbortSignal.timeout(1_000) }).catch(() => {}), this.#ended]);
    }
  }

  async exitCode(): Promise<unknown> {
    const [code] = await this.#ended;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
