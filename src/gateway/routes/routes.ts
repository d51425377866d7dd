/** What the routes of all subjects have in common. */
import type { FastifyInstance } from 'fastify';
import { HttpRefusal } from './problem.js';

/** Adds the routes of one subject. Their `schema` describes them in the OpenAPI document; it judges nothing. */
export type Routes = (app: FastifyInstance) => void | Promise<void>;

export const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** An existing path refuses the methods that it does not have, and names those that it has. Call this before the routes are added. */
export function refuseOtherMethods(app: FastifyInstance): () => void {
  const known = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const taken = known.get(url) ?? new Set();
    for (const one of [method].flat()) taken.add(one);
    known.set(url, taken);
  });
  return () => {
    for (const [url, taken] of [...known]) {
      const allow = [...taken].sort().join(', ');
      app.route({
        url,
        method: methods.filter((method) => !taken.has(method)),
        schema: { hide: true },
        handler: async ({ method }) => {
          throw new HttpRefusal(405, 'METHOD_NOT_ALLOWED', `${method} is not among the methods of this path: ${allow}`, {
            allow,
          });
        },
      });
    }
  };
}
