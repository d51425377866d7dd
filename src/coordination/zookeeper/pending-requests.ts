/**
 * The requests of one ZooKeeper session that wait for an answer.
 *
 * Guarantees that each request is settled once: by its answer, by its own timeout, or when the session ends. ZooKeeper
 * may still execute a request that timed out, so its outcome is unknown (R7).
 */
import { returnCodes, ZnodeError } from '../znode-client.js';

type Reject = (error: ZnodeError) => void;

export class PendingRequests {
  readonly #timeoutMs: number;
  readonly #waiting = new Map<Reject, string>();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** `submit` sends the request, and receives the functions that settle it. */
  track<T>(operation: string, submit: (resolve: (value: T) => void, reject: Reject) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(fail);
      };
      const fail: Reject = (error) => {
        settle();
        reject(error);
      };
      const timer = setTimeout(() => {
        fail(new ZnodeError(operation, returnCodes.operationTimeout, 'unknown'));
      }, this.#timeoutMs);
      this.#waiting.set(fail, operation);
      submit((value) => {
        settle();
        resolve(value);
      }, fail);
    });
  }

  /** Rejects every request as unknown, since ZooKeeper may have executed it. */
  rejectAll(returnCode: number): void {
    for (const [fail, operation] of [...this.#waiting]) fail(new ZnodeError(operation, returnCode, 'unknown'));
  }
}
