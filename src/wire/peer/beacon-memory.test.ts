import { describe, expect, it } from 'vitest';
import { BeaconMemory, type BeaconMessage } from './beacon-memory.js';

const beacon: BeaconMessage = {
  history: 'h',
  epoch: 3,
  epochId: 'three',
  from: 'a~1',
  to: 'b~1',
  body: { type: 'beacon', sentAtMs: 1, probe: false, commitIndex: 7, stopping: false, mayLeaveMs: 0 },
};
const answer: BeaconMessage = {
  ...beacon,
  body: {
    type: 'beaconAnswer',
    sentAtMs: 1,
    probe: false,
    claiming: false,
    stopping: false,
    leaving: false,
    number: 2,
    complete: true,
  },
};

function at(message: BeaconMessage, sentAtMs: number): BeaconMessage {
  return { ...message, body: { ...message.body, sentAtMs } };
}

describe.each([
  ['beacon', beacon],
  ['answer to a beacon', answer],
])('the memory of a %s', (_, message) => {
  it('restores the message that was sent whole, with the new time', () => {
    const [sender, receiver] = [new BeaconMemory(), new BeaconMemory()];
    expect(sender.repeats(5, message)).toBe(false);
    receiver.remember(5, message);
    expect(sender.repeats(5, at(message, 2))).toBe(true);
    expect(receiver.repeated(5, 2)).toEqual(at(message, 2));
    expect(receiver.repeated(6, 2)).toBeUndefined();
  });

  it.each([{ history: 'other' }, { history: '' }, { epoch: 4 }, { epochId: 'three too' }, { from: 'a~2' }, { to: 'b~2' }])(
    'does not take it for the same if it differs in %o',
    (difference) => {
      const memory = new BeaconMemory();
      memory.repeats(5, message);
      const other = { ...message, ...difference };
      expect(memory.repeats(5, other)).toBe(false);
      // From then on the other message is the last one.
      expect(memory.repeats(5, at(other, 2))).toBe(true);
      expect(memory.repeats(5, message)).toBe(false);
    },
  );
});

it('an answer is never the repetition of a beacon', () => {
  const memory = new BeaconMemory();
  memory.repeats(5, beacon);
  expect(memory.repeats(5, answer)).toBe(false);
});
