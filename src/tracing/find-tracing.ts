/** Looks for the OpenTelemetry SDK of the process. A process without one does not load the API, which takes some 30 ms. */
import type { Tracing } from './tracing.js';

/** Under this name the API keeps what an SDK has registered, in every version 1.x of the API. */
const registered = Symbol.for('opentelemetry.js.api.1');

/** Resolves to undefined if no SDK is set up in this process at this moment. */
export async function findTracing(): Promise<Tracing | undefined> {
  if (!(registered in globalThis)) return undefined;
  const { Tracing } = await import('./tracing.js');
  return Tracing.find();
}
