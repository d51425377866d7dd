/** Runs one command against a cluster; what it throws becomes a message for people and an exit code for scripts. */
import type { KvClient } from '../../client/index.js';
import { explainCallFailure, renderError } from '../explain.js';
import type { Invocation } from './command-line.js';
import { connect } from './connect.js';
import { type ExitCode, exitCodeOf } from './exit-codes.js';
import { Output } from './output.js';

export async function runCommand({ command, operands, options, connection, json, deadlineMs }: Invocation): Promise<ExitCode> {
  const output = new Output(json);
  let connecting: Promise<KvClient> | undefined;
  const connectOnce = (): Promise<KvClient> => {
    connecting ??= connect(connection, deadlineMs);
    return connecting;
  };
  try {
    return await command.run({ connect: connectOnce, operands, options, deadlineMs, output });
  } catch (error) {
    output.note(renderError('kvctl', error, explainCallFailure(error, command.isWrite)));
    return exitCodeOf(error, command.isWrite);
  } finally {
    // A connection that failed has been reported above, and needs no closing.
    await connecting?.then(
      (client) => client.close(),
      () => {},
    );
  }
}
