/** For Prometheus: `/metrics`. */

import { cached } from './cached.js';
import type { Routes } from './routes.js';
import { problems } from './schemas.js';

export interface Metrics {
  /** As they are now, in the text format of Prometheus. */
  read(): Promise<{ readonly contentType: string; readonly text: string }>;
}

export function metricsRoutes(metrics: Metrics): Routes {
  return (app) => {
    const schema = {
      operationId: 'metrics',
      tags: ['health'],
      summary: 'What the node counts and measures, for Prometheus',
      response: {
        200: { description: 'Text format 0.0.4', content: { 'text/plain': { schema: { type: 'string' } } } },
        ...problems({ 503: 'The node is starting' }),
      },
    };
    const read = cached(async () => metrics.read());
    app.get('/metrics', { schema }, async (_request, reply) => {
      const { contentType, text } = await read();
      return reply.type(contentType).send(text);
    });
  };
}
