import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Liveness } from './liveness.js';

const socket = { bytesWritten: 0, writableLength: 0, isPaused: () => false };
const actions: string[] = [];
let liveness: Liveness;

beforeEach(() => {
  vi.useFakeTimers();
  actions.length = 0;
  Object.assign(socket, { bytesWritten: 0, writableLength: 0, isPaused: () => false });
  liveness = new Liveness(socket as unknown as Socket, {
    ping: () => void actions.push('ping'),
    signOfLife: () => void actions.push('sign of life'),
    giveUp: (reason) => {
      actions.push(reason);
      liveness.stop();
    },
  });
  liveness.start();
});
afterEach(() => {
  liveness.stop();
  vi.useRealTimers();
});

const pass = (seconds: number): void => void vi.advanceTimersByTime(seconds * 1_000);

describe('liveness', () => {
  it('a silent other end gets a ping after 6 s at the latest, and is given up 2 s later', () => {
    pass(5);
    expect(actions).toEqual([]);
    pass(1);
    expect(actions).toEqual(['ping']);
    pass(2);
    expect(actions).toEqual(['ping', 'unresponsive']);
  });

  it('any byte puts an end to the silence', () => {
    for (let round = 0; round < 10; round++) {
      pass(7);
      liveness.received();
    }
    expect(actions).toEqual(Array(10).fill('ping'));
  });

  it('a paused end gives a sign of life every second, and does not judge', () => {
    socket.isPaused = () => true;
    pass(20);
    expect(actions).toEqual(Array(20).fill('sign of life'));
  });

  it('an other end that takes nothing of what waits for 30 s is given up', () => {
    Object.assign(socket, { bytesWritten: 900, writableLength: 500, isPaused: () => true });
    pass(30);
    expect(actions).not.toContain('not_reading');
    pass(1);
    expect(actions.at(-1)).toBe('not_reading');
  });

  it('an other end that reads slowly is kept, and so is one for which nothing waits', () => {
    socket.isPaused = () => true;
    socket.writableLength = 500;
    for (let round = 0; round < 3; round++) {
      pass(29);
      socket.bytesWritten += 1;
    }
    socket.writableLength = 0;
    pass(100);
    expect(actions).not.toContain('not_reading');
  });
});
