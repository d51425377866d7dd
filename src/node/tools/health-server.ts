/**
 * grpc.health.v1 for load balancers and probes. The service "" and kv.v1.KeyValue are SERVING while the node is ready
 * (readiness.ts); kv.v1.Cluster, which any node can answer, from when the node is known to the others until it begins to stop.
 */
import type { Server, ServerWritableStream, UntypedHandleCall } from '@grpc/grpc-js';
import { HealthImplementation, type ServingStatusMap } from 'grpc-health-check';
import { OpenStreams } from './open-streams.js';

export interface Health {
  /** Known to the others, and not stopping. */
  readonly live: boolean;
  /** In sync everywhere it should be. */
  readonly ready: boolean;
}

type WatchCall = ServerWritableStream<{ service: string }, unknown>;

/** In the place of all names that are none. */
const noService = 'unknown';
/** Whoever watches costs an open stream. */
const maxWatches = 1_000;

export class HealthServer {
  readonly #implementation = new HealthImplementation(statusesOf({ live: false, ready: false }));
  readonly #watches = new OpenStreams('health watches', maxWatches);
  #told: ServingStatusMap = statusesOf({ live: false, ready: false });

  addTo(server: Pick<Server, 'addService'>): void {
    this.#implementation.addToServer({
      addService: (definition: Parameters<Server['addService']>[0], handlers: Record<string, UntypedHandleCall>) => {
        const watch = handlers.watch as (call: WatchCall) => void;
        server.addService(definition, {
          ...handlers,
          watch: (call: WatchCall) => {
            // The package remembers every name that was ever watched; of a service that there is not, nothing is ever told.
            if (!Object.hasOwn(this.#told, call.request.service)) call.request.service = noService;
            if (this.#watches.admit(call)) watch(call);
          },
        });
      },
    });
  }

  /** Those who watch hear of changes alone. */
  tell(health: Health): void {
    const statuses = statusesOf(health);
    for (const [service, status] of Object.entries(statuses))
      if (this.#told[service] !== status) this.#implementation.setStatus(service, status);
    this.#told = statuses;
  }

  close(): void {
    this.tell({ live: false, ready: false });
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
