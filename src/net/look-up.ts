/** Looks up the addresses of a host name with this machine's resolver, off the main thread. */
import { ADDRCONFIG } from 'node:dns';
import { lookup } from 'node:dns/promises';

/** The code of a failure that says nothing about the name: the name servers did not answer. */
const noAnswer = 'EAI_AGAIN';

/** Rejects with an error whose `code` is that of `dns.lookup`. */
export async function lookUp(name: string): Promise<readonly string[]> {
  try {
    return await addressesOf(name, ADDRCONFIG);
  } catch (error) {
    // A machine without a network of either family, or whose only network is not that of the name, still has loopback.
    if ((error as NodeJS.ErrnoException).code === noAnswer) throw error;
    return addressesOf(name, 0);
  }
}

/** @param hints ADDRCONFIG leaves out the addresses of a family in which this machine has no address. */
async function addressesOf(name: string, hints: number): Promise<readonly string[]> {
  const found = await lookup(name, { all: true, hints });
  return found.map(({ address }) => address);
}
