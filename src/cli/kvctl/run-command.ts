/** Runs one command against a cluster, and turns an error into a message for people and an exit code for scripts. */

import { describeConnecting } from './connect.js';
import { type ExitCode, exitCodeOf } from './exit-codes.js';
import { unlessGivenUp } from './give-up.js';
import type { Invocation } from './invocation.js';
import { Output } from './output.js';
import type { Session } from './session.js';
import { reportWhile } from './waiting.js';

export interface Circumstances {
  /** Cancels the command (Ctrl-C). */
  readonly signal: AbortSignal;
  readonly isStdinTaken: boolean;
}

/** Never rejects. */
export async function runCommand(invocation: Invocation, session: Session, around: Circumstances): Promise<ExitCode> {
  const { command, operands, options, json, deadlineMs } = invocation;
  const { signal, isStdinTaken } = around;
  const output = new Output(json);
  const call = { deadlineMs, signal };
  const { connection } = session;
  try {
    const connect = async () => {
      const connecting = await describeConnecting(connection);
      return reportWhile(
        output,
        () => connecting,
        () => unlessGivenUp(session.connect(), signal, 'no'),
      );
    };
    return await command.run({ connect, connection, operands, options, call, isStdinTaken, output });
  } catch (error) {
    output.failure(error, command.isWrite);
    return exitCodeOf(error, command.isWrite);
  }
}
