/**
 * kvctl without a command. On a terminal it prompts, with history and completion. Otherwise it reads commands from
 * stdin, line by line. Lines are run one after the other.
 */
import { createInterface, type Interface } from 'node:readline';
import { explainCallFailure, renderError } from '../../explain.js';
import { describeConnecting } from '../connect.js';
import { type ExitCode, exitCodeOf, exitCodes } from '../exit-codes.js';
import type { Common } from '../invocation.js';
import { Output } from '../output.js';
import type { Session } from '../session.js';
import { reportWhile } from '../waiting.js';
import { type Completion, complete } from './complete.js';
import { History, historyPath } from './history.js';
import { runLine } from './run-line.js';

const prompt = 'kvctl> ';

/** Runs the commands of a pipe or a file. @returns the first exit code that is not 0, or 0. */
export async function runScript(session: Session, common: Common, signal: AbortSignal): Promise<ExitCode> {
  let worst: ExitCode = exitCodes.ok;
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    const outcome = await runLine(line, session, common, { signal, isStdinTaken: true });
    if (outcome === 'exit') break;
    if (worst === exitCodes.ok) worst = outcome;
    if (signal.aborted) break;
  }
  return worst;
}

/** @returns 0 when the user leaves; the exit code of the failure if no cluster can be reached. */
export async function runTerminal(session: Session, common: Common): Promise<ExitCode> {
  const note = (text: string): void => void process.stderr.write(`${text}\n`);
  try {
    const connecting = await describeConnecting(session.connection);
    const client = await reportWhile(
      new Output(common.json),
      () => connecting,
      () => session.connect(),
    );
    const { nodes, shards, clusterId } = client.knownTopology!;
    note(`cluster ${clusterId}: ${nodes.length} nodes, ${shards.length} shards. "help" lists the commands.`);
  } catch (error) {
    note(renderError('kvctl', error, explainCallFailure(error, false)));
    return exitCodeOf(error, false);
  }
  const history = new History(historyPath(process.env), note);
  const terminal = createInterface({
    input: process.stdin,
    output: process.stdout,
    terminal: true,
    prompt,
    history: history.load(),
    historySize: 1_000,
    removeHistoryDuplicates: true,
    completer: (line: string, done: (error: Error | null, completion: Completion) => void) => {
      session
        .connect()
        .catch(() => undefined)
        .then((client) => complete(line, client))
        .then(
          (completion) => done(null, completion),
          () => done(null, [[], line]),
        );
    },
  });
  await new Prompt(terminal, session, common, history).untilLeft();
  return exitCodes.ok;
}

class Prompt {
  readonly #terminal: Interface;
  readonly #session: Session;
  readonly #common: Common;
  readonly #history: History;
  /** Cancels the running command. */
  #running: AbortController | undefined;

  constructor(terminal: Interface, session: Session, common: Common, history: History) {
    this.#terminal = terminal;
    this.#session = session;
    this.#common = common;
    this.#history = history;
  }

  async untilLeft(): Promise<void> {
    const terminal = this.#terminal;
    terminal.on('SIGINT', () => this.#interrupt());
    terminal.prompt();
    for await (const line of terminal) {
      if (line.trim() !== '') this.#history.append(line);
      this.#running = new AbortController();
      const outcome = await runLine(line, this.#session, this.#common, { signal: this.#running.signal, isStdinTaken: true });
      this.#running = undefined;
      if (outcome === 'exit') break;
      terminal.prompt();
    }
    terminal.close();
  }

  /** Ctrl-C cancels the running command. If none runs, it clears the typed line. */
  #interrupt(): void {
    if (this.#running !== undefined) {
      process.stdout.write('^C\n');
      this.#running.abort();
      return;
    }
    process.stdout.write('^C\n');
    this.#terminal.write(null, { ctrl: true, name: 'e' });
    this.#terminal.write(null, { ctrl: true, name: 'u' });
    this.#terminal.prompt();
  }
}
