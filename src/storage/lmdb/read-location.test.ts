import { describe, expect, it } from 'vitest';
import { ReadLocation } from './read-location.js';

function createLocation(cacheBytes = 1_000) {
  const machine = { nowMs: 0, majorFaults: 7 };
  const location = new ReadLocation({ cacheBytes, nowMs: () => machine.nowMs, majorFaults: () => machine.majorFaults });
  /** A read in the event loop that takes so long. */
  const read = (tookMs: number, faults = 0): void => {
    const startMs = machine.nowMs;
    machine.nowMs += tookMs;
    machine.majorFaults += faults;
    location.readSince(startMs);
  };
  const quiet = (): void => {
    machine.nowMs += 1_000;
  };
  return { machine, location, read, quiet };
}

describe('the location of reads', () => {
  it('is off the event loop at first, until no page had to be read for a while', () => {
    const { machine, location, quiet } = createLocation();
    expect(location.isAway).toBe(true);
    machine.majorFaults++;
    quiet();
    expect(location.isAway).toBe(true);
    machine.nowMs += 999;
    expect(location.isAway).toBe(true);
    machine.nowMs += 1;
    expect(location.isAway).toBe(false);
  });

  it('leaves the event loop with the first read that has waited for the disk, and comes back', () => {
    const { location, read, quiet } = createLocation();
    quiet();
    expect(location.isAway).toBe(false);
    read(0.2, 1);
    expect(location.isAway).toBe(true);
    quiet();
    expect(location.isAway).toBe(false);
  });

  it('stays in the event loop when a read was slow for another reason', () => {
    const { location, read, quiet } = createLocation();
    quiet();
    expect(location.isAway).toBe(false);
    read(5);
    expect(location.isAway).toBe(false);
  });

  it('is off the event loop for as long as the file is larger than its memory', () => {
    const { location, quiet } = createLocation();
    quiet();
    expect(location.isAway).toBe(false);
    location.fileBytes = 1_001;
    quiet();
    expect(location.isAway).toBe(true);
    location.fileBytes = 1_000;
    expect(location.isAway).toBe(false);
  });
});
