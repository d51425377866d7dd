import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Queue } from './queue.js';

/** The numbers pushed count up. */
function bothAfter(steps: readonly ('push' | 'shift' | 'pop' | 'clear')[], repeats: number) {
  const queue = new Queue<number>();
  const twin: number[] = [];
  let next = 0;
  const step = {
    push: () => [queue.push(next), twin.push(next++)].slice(2),
    shift: () => [queue.shift(), twin.shift()],
    pop: () => [queue.pop(), twin.pop()],
    clear: () => [queue.clear(), twin.splice(0)].slice(2),
  };
  for (const what of steps) {
    for (let count = 0; count < repeats; count++) {
      const [taken, expected] = step[what]();
      expect(taken).toBe(expected);
    }
  }
  return { queue, twin };
}

it('a queue is what an array would be', () => {
  const step = fc.constantFrom('push' as const, 'push' as const, 'shift' as const, 'pop' as const, 'clear' as const);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.constantFrom(1, 3, 1_500), (steps, repeats) => {
      const { queue, twin } = bothAfter(steps, repeats);
      expect(queue.length).toBe(twin.length);
      for (const index of [0, 1, 700, twin.length - 1, twin.length]) expect(queue.at(index)).toBe(twin[index]);
    }),
    { numRuns: 50 },
  );
});
