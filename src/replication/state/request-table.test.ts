import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordedRequest } from '../protocol/request.js';
import { RequestTable } from './request-table.js';

/** Above what the requests of these tests take. */
const mostBytes = 1_000_000;

function requestOf(client: string, number: number, seq: number, more: Partial<RecordedRequest> = {}): RecordedRequest {
  return { client, number, lowest: 1, fingerprint: 7, floor: 0, seq, answer: undefined, ...more };
}

function namesOf(requests: readonly RecordedRequest[]): string[] {
  return requests.map(({ client, number, seq }) => `${client} ${number} at ${seq}`).sort();
}

describe('the table of requests (R16)', () => {
  it('finds the requests of each client by their numbers, in whatever order they were applied', () => {
    const table = new RequestTable();
    for (const [at, number] of [5, 2, 9, 1, 7].entries()) table.apply(requestOf('x', number, at + 1));
    table.apply(requestOf('y', 2, 6));
    expect([1, 2, 5, 7, 9].map((number) => table.find('x', number)?.seq)).toEqual([4, 2, 1, 5, 3]);
    expect([3, 8, 10].map((number) => table.find('x', number))).toEqual([undefined, undefined, undefined]);
    expect(table.find('y', 2)?.seq).toBe(6);
    expect(table.find('z', 2)).toBeUndefined();
  });

  it('keeps of a live client what it may still send again', () => {
    const table = new RequestTable();
    for (let number = 1; number <= 1_000; number++) {
      table.apply(requestOf('x', number, number, { lowest: Math.max(1, number - 7) }));
    }
    expect(table.count).toBe(8);
    expect(table.isBehind('x', 992)).toBe(true);
    expect(table.isBehind('x', 993)).toBe(false);
  });

  it('forgets nothing because of a request that is not applied', () => {
    const table = new RequestTable();
    table.apply(requestOf('x', 1, 1));
    table.begin(requestOf('x', 2, 2, { lowest: 2, floor: 1 }));
    expect(namesOf(table.export(1))).toEqual(['x 1 at 1']);
    expect([table.floor, table.isBehind('x', 1)]).toEqual([0, false]);
    table.abandonAfter(1);
    expect(namesOf(table.export(9))).toEqual(['x 1 at 1']);
    table.apply(requestOf('x', 2, 2, { lowest: 2 }));
    expect(namesOf(table.export(9))).toEqual(['x 2 at 2']);
  });

  it('proposes one floor at a time, below which a part of the requests lies', () => {
    const table = new RequestTable();
    for (let seq = 1; seq <= 8; seq++) table.apply(requestOf(`c${seq}`, 1, seq));
    expect(table.nextFloor(8, mostBytes, 8)).toBe(0);
    table.apply(requestOf('c9', 1, 9));
    expect(table.nextFloor(8, mostBytes, 9)).toBe(3);
    const carrier = requestOf('c10', 1, 10, { floor: 3 });
    table.begin(carrier);
    expect(table.nextFloor(8, mostBytes, 9)).toBe(0);
    table.apply(carrier);
    expect([table.count, table.floor]).toEqual([7, 3]);
    expect(table.find('c3', 1)).toBeUndefined();
    expect(table.find('c4', 1)?.seq).toBe(4);
  });

  it('proposes a floor as well where the answers of a few requests take too much memory', () => {
    const table = new RequestTable();
    const results = [{ version: 1, value: new Uint8Array(100_000) }];
    for (let seq = 1; seq <= 4; seq++)
      table.apply(requestOf('c', seq, seq, { answer: { kind: 'transacted', version: seq, held: true, results } }));
    expect(table.bytes).toBeGreaterThan(400_000);
    expect([500_000, 400_000].map((most) => table.nextFloor(8, most, 4))).toEqual([0, 1]);
    table.apply(requestOf('c', 5, 5, { floor: 1 }));
    expect(table.nextFloor(8, 400_000, 5)).toBe(0);
  });

  it('counts the memory of what it keeps', () => {
    const table = new RequestTable();
    for (let seq = 1; seq <= 20; seq++) table.apply(requestOf(`c${seq % 4}`, seq, seq, { lowest: seq - 2 }));
    expect(table.bytes).toBeGreaterThan(0);
    table.apply(requestOf('last', 1, 21, { floor: 20 }));
    table.apply(requestOf('last', 2, 22, { floor: 21, lowest: 2 }));
    expect(table.count).toBe(1);
    table.reset(30);
    expect([table.count, table.bytes, table.floor]).toEqual([0, 0, 30]);
  });

  const step = fc.record({
    client: fc.constantFrom('x', 'y', 'z'),
    number: fc.integer({ min: 1, max: 12 }),
    behind: fc.nat(4),
    floorAge: fc.option(fc.nat(10), { nil: undefined }),
  });

  /** The entries of a log. No request occurs twice: what is not recognised any more is refused by its position. */
  function logOf(steps: readonly { client: string; number: number; behind: number; floorAge: number | undefined }[]) {
    const table = new RequestTable();
    const log: RecordedRequest[] = [];
    for (const { client, number, behind, floorAge } of steps) {
      if (log.some((one) => one.client === client && one.number === number) || table.isBehind(client, number)) continue;
      const seq = log.length + 1;
      const floor = floorAge === undefined ? 0 : Math.max(0, seq - 1 - floorAge);
      const request = requestOf(client, number, seq, { lowest: Math.max(1, number - behind), floor });
      table.apply(request);
      log.push(request);
    }
    return { log, table };
  }

  it('is the same for a replica that has applied all entries and one that took a snapshot at any of them', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(60), (steps, base) => {
        const { log, table } = logOf(steps);
        const source = new RequestTable();
        for (const request of log.slice(0, base)) source.apply(request);
        // The source is a primary: it also knows what it has not applied, and that is no part of a snapshot.
        for (const request of log.slice(base)) source.begin(request);
        const joiner = new RequestTable();
        joiner.reset(source.floor);
        joiner.load(source.export(Math.min(base, log.length)));
        for (const request of log.slice(base)) joiner.apply(request);
        for (const request of log.slice(base)) source.apply(request);
        for (const other of [joiner, source]) {
          expect(namesOf(other.export(Infinity))).toEqual(namesOf(table.export(Infinity)));
          expect([other.floor, other.count, other.bytes]).toEqual([table.floor, table.count, table.bytes]);
          for (const { client, number } of log) expect(other.isBehind(client, number)).toBe(table.isBehind(client, number));
        }
      }),
    );
  });

  it('recognises every request that was executed above the floor and is not behind its client', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { log, table } = logOf(steps);
        for (const { client, number, seq } of log) {
          if (seq > table.floor && !table.isBehind(client, number)) expect(table.find(client, number)?.seq).toBe(seq);
        }
      }),
    );
  });
});
