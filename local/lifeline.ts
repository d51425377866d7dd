/**
 * Ends children with this process, even if SIGKILL ends it and none of its code runs any more.
 *
 * A shell in a session of its own holds a pipe from this process, reads the ids of the children from it, and kills
 * them when the pipe closes. The product needs no option for this, and the children keep their own signals and exit
 * codes.
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

/** Must be called in the turn that spawned the child. */
export function endWithThisProcess(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  lifeline ??= startWatcher();
  lifeline.write(`watch ${pid}\n`);
  // The process id may soon belong to another process.
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
