/**
 * grpc.health.v1 for load balancers and probes. The service "" and kv.v1.KeyValue are SERVING while the node is ready
 * (readiness.ts). kv.v1.Cluster, which any node can answer, is SERVING from when the node is registered until it begins to stop.
 */
import type { Server, ServerWritableStream, UntypedHandleCall } from '@grpc/grpc-js';
import { HealthImplementation, type ServingStatusMap } from 'grpc-health-check';
import { OpenStreams } from './open-streams.js';

export interface Health {
  /** Registered, and not stopping. */
  readonly live: boolean;
  /** In sync everywhere it should be. */
  readonly ready: boolean;
}

type WatchCall = ServerWritableStream<{ service: string }, unknown>;

/** Replaces every name of a service that does not exist. */
const noService = 'unknown';
/** Bounds the open streams: each watch is one. */
const maxWatches = 1_000;

export class HealthServer {
  readonly #implementation = new HealthImplementation(statusesOf({ live: false, ready: false }));
  readonly #watches = new OpenStreams('health watches', maxWatches);
  #reported: ServingStatusMap = statusesOf({ live: false, ready: false });

  addTo(server: Pick<Server, 'addService'>): void {
    this.#implementation.addToServer({
      addService: (definition: Parameters<Server['addService']>[0], handlers: Record<string, UntypedHandleCall>) => {
        const watch = handlers.watch as (call: WatchCall) => void;
        server.addService(definition, {
          ...handlers,
          watch: (call: WatchCall) => {
            // The package would remember every name that was ever watched, also of services that do not exist.
            if (!Object.hasOwn(this.#reported, call.request.service)) call.request.service = noService;
            if (this.#watches.admit(call)) watch(call);
          },
        });
      },
    });
  }

  /** Sends a status to its watchers where it has changed. */
  report(health: Health): void {
    const statuses = statusesOf(health);
    for (const [service, status] of Object.entries(statuses))
      if (this.#reported[service] !== status) this.#implementation.setStatus(service, status);
    this.#reported = statuses;
  }

  close(): void {
    this.report({ live: false, ready: false });
    this.#watches.endAll();
  }
}

function statusesOf({ live, ready }: Health): ServingStatusMap {
  const servingIf = (serving: boolean) => (serving ? 'SERVING' : 'NOT_SERVING');
  return {
    '': servingIf(live && ready),
    'kv.v1.KeyValue': servingIf(live && ready),
    'kv.v1.Cluster': servingIf(live),
  };
}
