/** Which hosts of a connection string have no address: told when waiting for them was in vain. */
import { lookup } from 'node:dns/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { readAddresses } from '../config/index.js';

/** A resolver that is not reached itself takes many times this; then nothing is known. */
const lookupMs = 500;

/**
 * @param servers host:port[,host:port]…
 * @returns the end of a sentence; '' if all have an address, or none is known to have none.
 */
export async function unresolvedHosts(servers: string, resolve: (host: string) => Promise<unknown> = lookup): Promise<string> {
  const hosts = (readAddresses(servers).value ?? []).map(({ host }) => host);
  const problems = await Promise.all(
    hosts.map((host) => {
      const found = resolve(host).then(
        () => '',
        (error: NodeJS.ErrnoException) => `; the name ${host} does not resolve (${error.code})`,
      );
      return Promise.race([found, pause(lookupMs, '', { ref: false })]);
    }),
  );
  return problems.join('');
}
