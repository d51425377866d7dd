/**
 * Loads the shell, and replaces the parts that reach outside the process: sockets, the native ZooKeeper client, and
 * randomness.
 */
import type * as Crypto from 'node:crypto';
import { vi } from 'vitest';
import type { Random } from '../../simulation/plan/random.js';
import { type Edit, loadEdited } from '../unit/variants/variant-lab.js';
import type { VirtualNetwork } from './network.js';
import { VirtualClient } from './virtual-client.js';
import { dialVirtual } from './virtual-frames.js';
import { currentProcess, promisedTimers, type SimulatedProcess } from './virtual-time.js';

type EndpointsModule = typeof import('../../src/node/services/endpoints.js');
type DialModule = typeof import('../../src/transport/tcp/dial.js');
type MemoryModule = typeof import('../../src/coordination/memory/memory-zookeeper.fixture.js');
type Implementations = import('../../src/node/services/endpoints.js').GrpcImplementations;
type Frames = import('../../src/node/services/frame-server.js').ServedFrames;
type CoordinatorModule = typeof import('../../src/coordination/zookeeper-coordinator.js');
type ConnectModule = typeof import('../../src/coordination/connect-coordinator.js');

export interface ShellModules {
  readonly KvNode: typeof import('../../src/node/kv-node.js')['KvNode'];
  readonly resolveOptions: typeof import('../../src/config/index.js')['resolveOptions'];
  readonly grpcServices: EndpointsModule['grpcServices'];
  readonly MemoryZookeeper: MemoryModule['MemoryZookeeper'];
}

/** The simulated world that the replaced parts use. */
export interface Surroundings {
  readonly network: VirtualNetwork;
  connectZookeeper(process: SimulatedProcess): ReturnType<InstanceType<MemoryModule['MemoryZookeeper']>['connect']>;
}

const source = new URL('../../src/', import.meta.url).pathname;

export function loadShell(random: Random, edits: readonly Edit[], surroundings: () => Surroundings): Promise<ShellModules> {
  vi.spyOn(Math, 'random').mockImplementation(() => random.next());
  const replaced = {
    'node:timers/promises': () => ({ ...promisedTimers, default: promisedTimers }),
    'node:crypto': async () => withoutChance(await vi.importActual<typeof Crypto>('node:crypto'), random),
    [`${source}node/peers/node-client.ts`]: () => ({
      newNodeClient: (address: string) => new VirtualClient(surroundings().network, currentProcess(), address),
    }),
    [`${source}transport/tcp/dial.ts`]: () => ({ dialTcp: dialTcpOf(surroundings) }),
    [`${source}coordination/connect-coordinator.ts`]: async () => ({
      connectCoordinator: coordinatorOf(await import('../../src/coordination/zookeeper-coordinator.js'), surroundings),
    }),
    [`${source}node/services/endpoints.ts`]: async () => ({
      ...(await vi.importActual<EndpointsModule>(`${source}node/services/endpoints.ts`)),
      Endpoints: endpointsOf(surroundings),
    }),
  };
  return loadEdited(edits, async () => {
    for (const [path, factory] of Object.entries(replaced)) vi.doMock(path, factory as () => Promise<object>);
    try {
      const { KvNode } = await import('../../src/node/kv-node.js');
      const { resolveOptions } = await import('../../src/config/index.js');
      const { grpcServices } = await import('../../src/node/services/endpoints.js');
      const { MemoryZookeeper } = await import('../../src/coordination/memory/memory-zookeeper.fixture.js');
      return { KvNode, resolveOptions, grpcServices, MemoryZookeeper };
    } finally {
      for (const path of Object.keys(replaced)) vi.doUnmock(path);
    }
  });
}

function coordinatorOf(
  { ZookeeperCoordinator }: CoordinatorModule,
  surroundings: () => Surroundings,
): ConnectModule['connectCoordinator'] {
  return async ({ root, sessionMs, formats, logger }, listener) =>
    new ZookeeperCoordinator(surroundings().connectZookeeper(currentProcess()), { root, sessionMs, formats, logger }, listener);
}

function dialTcpOf(surroundings: () => Surroundings): DialModule['dialTcp'] {
  return (dialling, listener) => dialVirtual({ ...dialling, network: surroundings().network, from: currentProcess() }, listener);
}

/** One port for gRPC and frames on the virtual network, and none for HTTP. */
function endpointsOf(surroundings: () => Surroundings) {
  return class VirtualEndpoints {
    readonly address: string;
    readonly httpAddress = undefined;
    readonly connections = 0;
    readonly tools = { report() {}, close() {} };
    #implementations: Implementations | undefined;
    #frames: Frames | undefined;

    private constructor(address: string) {
      this.address = address;
      const implementations = (): Implementations | undefined => this.#implementations;
      const frames = (): Frames | undefined => this.#frames;
      surroundings().network.listen(address, { process: currentProcess(), implementations, frames });
    }

    static async open({ host, port }: { readonly host: string; readonly port: number }): Promise<VirtualEndpoints> {
      return new VirtualEndpoints(`${host}:${port}`);
    }

    goLive(implementations: Implementations, frames: Frames): void {
      this.#implementations = implementations;
      this.#frames = frames;
    }
    drain(): void {}
    async close(): Promise<void> {
      this.#implementations = undefined;
      this.#frames = undefined;
    }
    async abort(): Promise<void> {}
  };
}

/** Ids are drawn from the seed. */
function withoutChance(crypto: typeof Crypto, random: Random): object {
  const randomBytes = (size: number): Buffer => Buffer.from(Array.from({ length: size }, () => random.below(256)));
  const randomUUID = (): string => randomBytes(16).toString('hex');
  const changed = { ...crypto, randomBytes, randomUUID };
  return { ...changed, default: changed };
}
