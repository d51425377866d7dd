import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Queue } from './queue.js';

it('a queue is what an array would be', () => {
  const step = fc.constantFrom('push', 'push', 'shift', 'pop', 'clear', 'push many', 'shift many');
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const queue = new Queue<number>();
      const twin: number[] = [];
      let next = 0;
      for (const what of steps) {
        for (let count = what.endsWith('many') ? 1_500 : 1; count > 0; count--) {
          if (what.startsWith('push')) {
            queue.push(next);
            twin.push(next++);
          } else if (what.startsWith('shift')) expect(queue.shift()).toBe(twin.shift());
          else if (what === 'pop') expect(queue.pop()).toBe(twin.pop());
          else {
            queue.clear();
            twin.length = 0;
          }
        }
        expect(queue.length).toBe(twin.length);
        for (const index of [0, 1, 700, twin.length - 1, twin.length]) expect(queue.at(index)).toBe(twin[index]);
      }
    }),
    { numRuns: 50 },
  );
});
