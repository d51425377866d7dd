/**
 * Finds the peers' servers on PATH, or installs them with apt-get as root. A store without a server is left out and
 * reported.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { StoreName } from './scenarios.js';
import { storeNamed } from './stores/index.js';
import type { NeededProgram } from './stores/store.js';

export interface Missing {
  readonly store: StoreName;
  /** The remedy for the operator. */
  readonly reason: string;
}

/** @returns the stores that cannot be started. */
export async function prepareStores(names: readonly StoreName[], print: (line: string) => void): Promise<Missing[]> {
  const missing: Missing[] = [];
  for (const store of names) {
    const { needs } = await storeNamed(store);
    const reason = needs && (await prepareProgram(needs, print));
    if (reason !== undefined) missing.push({ store, reason });
  }
  return missing;
}

/** @returns undefined if the program is installed, otherwise the remedy */
export async function prepareProgram(needs: NeededProgram, print: (line: string) => void): Promise<string | undefined> {
  if (await isInstalled(needs.program)) return undefined;
  const reason = await install(needs.package, print);
  return (await isInstalled(needs.program)) ? undefined : `${needs.program} was not found; ${reason}`;
}

/** @returns the remedy if the program is still missing afterwards */
async function install(name: string, print: (line: string) => void): Promise<string> {
  const command = `apt-get install --yes --no-install-recommends ${name}`;
  if (!(await isInstalled('apt-get'))) return `install it with this system's package manager (Debian's package is ${name})`;
  if (process.getuid?.() !== 0) return `run as root: ${command}`;
  print(`installing with apt-get: ${name}. Where systemd runs, the package starts a service of its own, which this benchmark`);
  print(`does not use: systemctl disable --now ${name.replace('etcd-server', 'etcd')}`);
  for (const words of [['update'], command.split(' ').slice(1)]) {
    const child = spawn('apt-get', words, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) return `apt-get ${words[0]} failed; run: apt-get update && ${command}`;
  }
  return `the package ${name} does not contain it`;
}

async function isInstalled(program: string): Promise<boolean> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const found = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}
