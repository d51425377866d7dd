/**
 * Children that end with this process, however it ends: also by SIGKILL, when no code of ours runs any more.
 *
 * A shell in a session of its own holds a pipe from here, is told which processes to watch, and kills them when the pipe
 * closes. The product needs no switch for it, and signals and exit codes of the children stay their own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

const watcher = `
trap '' INT TERM HUP
watched=' '
while read -r verb id; do
  rest=' '
  for one in $watched; do [ "$one" = "$id" ] || rest="$rest$one "; done
  watched=$rest
  [ "$verb" = watch ] && watched="$watched$id "
done
[ "$watched" = ' ' ] || kill -KILL $watched
`;

let lifeline: Socket | undefined;

/** Call it in the turn that spawned the child. */
export function endWithThisProcess(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  lifeline ??= startWatcher();
  lifeline.write(`watch ${pid}\n`);
  // The number may soon belong to somebody else.
  child.once('exit', () => lifeline?.write(`forget ${pid}\n`));
}

function startWatcher(): Socket {
  const shell = spawn('/bin/sh', ['-c', watcher], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  shell.unref();
  const pipe = shell.stdin as unknown as Socket;
  pipe.unref();
  pipe.on('error', () => {});
  return pipe;
}
