/** Routes of one subject, and what all of them have in common. */
import type { FastifyInstance } from 'fastify';
import { HttpRefusal } from './problem.js';

/** Adds its routes. What they have in their `schema` is what the OpenAPI document tells of them; nothing is judged by it. */
export type Routes = (app: FastifyInstance) => void | Promise<void>;

export const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** A path that is there refuses the methods it does not have, and names those it has. To be called before the routes are added. */
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
