/** An invalid argument rejects the promise, like every failure. */
export function checked<Result>(begin: () => Promise<Result>): Promise<Result> {
  try {
    return begin();
  } catch (error) {
    return Promise.reject(error);
  }
}
