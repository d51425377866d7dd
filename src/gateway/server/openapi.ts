/** Serves the OpenAPI document of all routes that are added after it: `/api/openapi.json`. */
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { packageVersion } from '../../version.js';
import { jsonAnswer, problems } from '../routes/schemas.js';

export async function describeRoutes(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'kvnode',
        version: packageVersion(),
        license: { name: 'MIT', identifier: 'MIT' },
        description: 'A replicated key-value store. Any node answers for any key. Errors: docs/errors.md.',
      },
      servers: [{ url: '/' }],
      tags: [
        { name: 'keys', description: 'Values by key' },
        { name: 'cluster', description: 'Nodes, and what they hold' },
        { name: 'health', description: 'For supervisors, load balancers and monitoring' },
      ],
    },
  });
  const schema = {
    operationId: 'openapi',
    tags: ['cluster'],
    summary: 'This document',
    response: { 200: jsonAnswer('OpenAPI 3.1', { type: 'object' }), ...problems({}) },
  };
  app.get('/api/openapi.json', { schema }, async () => app.swagger());
}
