/** Goes on with an answer, in this turn if it is there already. */
export function whenAnswered<T, R>(answer: T | Promise<T>, then: (answer: T) => R | Promise<R>): R | Promise<R> {
  return answer instanceof Promise ? answer.then(then) : then(answer);
}
