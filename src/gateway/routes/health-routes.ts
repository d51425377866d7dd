/** For supervisors and load balancers: whether to start the process anew, and whether to send it requests. */
import type { Routes } from './routes.js';
import { jsonAnswer, livenessSchema, problems, readinessSchema } from './schemas.js';

export interface ReadinessSource {
  /** In sync everywhere it should be; `reasons`: why not. */
  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] };
}

export function healthRoutes(health: ReadinessSource): Routes {
  return (app) => {
    const alive = {
      operationId: 'live',
      tags: ['health'],
      summary: 'Whether the process runs',
      response: { 200: jsonAnswer('It does', livenessSchema), ...problems({}) },
    };
    app.get('/livez', { schema: alive }, async () => ({ alive: true }));
    const ready = {
      operationId: 'ready',
      tags: ['health'],
      summary: 'Whether the node is in sync everywhere it should be, and is to stay',
      response: {
        200: jsonAnswer('It is', readinessSchema),
        503: jsonAnswer('It is not, and why', readinessSchema),
        ...problems({}),
      },
    };
    app.get('/readyz', { schema: ready }, async (_request, reply) => {
      const { ready: isReady, reasons } = health.readiness();
      return reply.status(isReady ? 200 : 503).send({ ready: isReady, reasons });
    });
  };
}
