/** Opens the best network that this machine permits, and names its limitation. */
import { NamespaceNetwork } from './namespaces.js';
import type { Network } from './network.js';
import { ProxyNetwork } from './proxies.js';
import type { RunScope } from './run-scope.js';

export interface OpenedNetwork {
  readonly network: Network;
  /** The reason why the network does not consist of namespaces. */
  readonly limitation: string | undefined;
}

export async function openNetwork(scope: RunScope): Promise<OpenedNetwork> {
  const opened = await NamespaceNetwork.open(scope);
  if (opened instanceof NamespaceNetwork) return { network: opened, limitation: undefined };
  const limitation = `without network namespaces (${opened.impossible}) only ZooKeeper can be cut off, by proxies`;
  return { network: new ProxyNetwork(), limitation };
}
