/** The services that stock gRPC tools use on a node's port, from the moment it listens: health and reflection. */
import type { Server } from '@grpc/grpc-js';
import { type Health, HealthServer } from './health-server.js';
import { ReflectionServer } from './reflection-server.js';

export class ToolServices {
  readonly #health = new HealthServer();
  readonly #reflection = new ReflectionServer();

  constructor(server: Pick<Server, 'addService'>) {
    this.#health.addTo(server);
    this.#reflection.addTo(server);
  }

  report(health: Health): void {
    this.#health.report(health);
  }

  /** Ends the streams that would keep the server from shutting down. */
  close(): void {
    this.#health.close();
    this.#reflection.close();
  }
}
