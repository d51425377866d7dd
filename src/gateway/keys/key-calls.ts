/** The calls of one server: each request for a key is one, from its first byte until its answer has left. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type ErrorCode, KvError } from '../../errors.js';
import type { Method } from '../../metrics/index.js';
import { HttpRefusal } from '../routes/problem.js';
import { traceOf, waitsOf } from './key-request.js';
import type { KeyCall, KeyValues, Origin } from './key-values.js';
import { OpenCalls } from './open-calls.js';

export class KeyCalls {
  readonly keyValues: KeyValues;
  readonly #answerTimeoutMs: number;
  readonly #calls = new WeakMap<FastifyRequest, KeyCall>();

  constructor(keyValues: KeyValues, answerTimeoutMs: number) {
    this.keyValues = keyValues;
    this.#answerTimeoutMs = answerTimeoutMs;
  }

  /** Every request to the routes of `app` begins a call. */
  beginWithRequests(app: FastifyInstance): void {
    const open = new OpenCalls(this.#answerTimeoutMs);
    app.addHook('onRequest', async (request, reply) => {
      if (waitsOf(request)) await this.keyValues.whenStarted();
      const call = this.keyValues.begin();
      this.#calls.set(request, call);
      open.endWith(reply.raw, request.raw.socket, call);
    });
  }

  of(request: FastifyRequest): KeyCall {
    return this.#calls.get(request)!;
  }

  originOf(request: FastifyRequest): Origin {
    return { trace: traceOf(request), waits: waitsOf(request), call: this.of(request) };
  }

  /** Decodes a request, and reports it to the node if it is refused: a request that is no operation is counted nowhere else. */
  async decoded<Asked>(method: Method, request: FastifyRequest, decode: () => Asked | Promise<Asked>): Promise<Asked> {
    try {
      return await decode();
    } catch (error) {
      this.keyValues.refused(method, codeOf(error), traceOf(request));
      throw error;
    }
  }
}

function codeOf(error: unknown): ErrorCode {
  if (error instanceof KvError) return error.code;
  return error instanceof HttpRefusal ? 'INVALID_ARGUMENT' : 'INTERNAL';
}
