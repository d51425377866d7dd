/** The best network this machine permits, and a word on what it cannot do. */
import { NamespaceNetwork } from './namespaces.js';
import type { Network } from './network.js';
import { ProxyNetwork } from './proxies.js';
import type { RunScope } from './run-scope.js';

export interface OpenedNetwork {
  readonly network: Network;
  /** Why it is not namespaces. */
  readonly limitation: string | undefined;
}

export async function openNetwork(scope: RunScope): Promise<OpenedNetwork> {
  const opened = await NamespaceNetwork.open(scope);
  if (opened instanceof NamespaceNetwork) return { network: opened, limitation: undefined };
  const limitation = `network namespaces are not permitted (${opened.impossible}): only ZooKeeper can be cut off, by proxies`;
  return { network: new ProxyNetwork(), limitation };
}
