import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { longestLineage } from '../replication/protocol/lineage.js';
import type { ShardState } from '../replication/protocol/shard-state.js';
import { candidateNamed } from './coordinator.fixture.js';
import { encode, encodeState, parseCandidate, parseState } from './znode-data.js';

const epoch = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const id = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 });
const mark = fc.oneof(fc.record({ epoch, id }), fc.record({ epoch, id, removals: epoch }));
const lineage = fc.array(mark, { minLength: 1, maxLength: 10 });
const inSync = fc.uniqueArray(id, { minLength: 1, maxLength: 4 }).map((ids) => ids.sort());

const states: fc.Arbitrary<ShardState> = fc
  .record({ history: id, lineage, inSync, ended: fc.boolean(), seqFloor: epoch, givenUp: fc.array(id, { maxLength: 3 }) })
  .map(({ history, lineage, inSync, ended, seqFloor, givenUp }) => ({
    history,
    epoch: lineage.at(-1)!.epoch,
    lineage,
    seqFloor,
    givenUp,
    ...(ended ? { primary: undefined, inSync: [] } : { primary: inSync[0]!, inSync }),
  }));

const state: ShardState = {
  history: 'h',
  epoch: 7,
  primary: 'a~1',
  inSync: ['a~1'],
  seqFloor: 1,
  givenUp: ['gone'],
  lineage: [
    { epoch: 3, id: 'three' },
    { epoch: 7, id: 'seven' },
  ],
};

/** The znode's data for `state` with changed fields. Undefined deletes a field. */
function changed(changes: Record<string, unknown>): Buffer {
  const fields: object = JSON.parse(encodeState(state).toString());
  return Buffer.from(JSON.stringify({ ...fields, ...changes }));
}

describe('state in its znode', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(states, (state) => {
        expect(parseState(encodeState(state))).toEqual(state);
      }),
    );
  });

  it('encodes each epoch with its id as a short array', () => {
    expect(JSON.parse(encodeState(state).toString()).lineage).toEqual([
      [3, 'three'],
      [7, 'seven'],
    ]);
  });

  it('encodes the number of removals of an epoch unless it is 0', () => {
    const lineage = [...state.lineage.slice(0, -1), { epoch: 7, id: 'seven', removals: 3 }];
    expect(JSON.parse(encodeState({ ...state, lineage }).toString()).lineage).toEqual([
      [3, 'three'],
      [7, 'seven', 3],
    ]);
  });

  it('takes less than 8 KiB with the longest lineage of minted ids', () => {
    const epochs = Array.from({ length: longestLineage }, (_, at) => ({
      epoch: 100_000 + at,
      id: `0123456789abcdef${at.toString(36)}`,
      removals: 100_000 + at,
    }));
    const longest = { ...state, lineage: epochs, epoch: epochs.at(-1)!.epoch };
    expect(encodeState(longest).length).toBeLessThan(8 * 1024);
    expect(parseState(encodeState(longest))).toEqual(longest);
  });

  it('is read although a later version added fields', () => {
    expect(parseState(changed({ further: { fields: true } }))).toEqual(state);
  });

  it.each<[what: string, lineage: unknown]>([
    ['that is missing', undefined],
    ['that is no list', 'three'],
    ['that is empty', []],
    ['that ends with another epoch', [[3, 'three']]],
    ['whose epochs have no ids', [7]],
    ['whose epochs have numbers for ids', [[7, 7]]],
    ['with an empty id', [[7, '']]],
    [
      'with an epoch that is no number',
      [
        ['x', 'three'],
        [7, 'seven'],
      ],
    ],
    [
      'with epoch 0',
      [
        [0, 'none'],
        [7, 'seven'],
      ],
    ],
    [
      'with an epoch that is no whole number',
      [
        [1.5, 'half'],
        [7, 'seven'],
      ],
    ],
    [
      'with an epoch beyond the safe integers',
      [
        [2 ** 53, 'huge'],
        [7, 'seven'],
      ],
    ],
    ['with a number of removals that is no number', [[7, 'seven', 'more']]],
    ['with 0 as the number of removals', [[7, 'seven', 0]]],
    ['with an epoch that has a fourth part', [[7, 'seven', 1, 1]]],
    ['with null in place of an epoch', [null, [7, 'seven']]],
    ['that names epochs as objects', [{ epoch: 7, id: 'seven' }]],
  ])('with a lineage %s is refused', (_, lineage) => {
    expect(() => parseState(changed({ lineage }))).toThrow(/lineage/);
  });

  it.each([
    ['history', undefined],
    ['history', ''],
    ['history', 5],
    ['givenUp', undefined],
    ['givenUp', 'h'],
    ['givenUp', [5]],
    ['epoch', 8],
  ])('with %s as %o is refused', (field, value) => {
    expect(() => parseState(changed({ [field]: value }))).toThrow();
  });
});

describe('a candidate in its znode', () => {
  const candidate = candidateNamed('a');
  const prefix = 'a~1-n_';

  it('has the history whose data the replica holds, if it holds any', () => {
    const holder = { ...candidate, history: 'h' };
    expect(parseCandidate(encode(holder), prefix)).toEqual(holder);
    expect(parseCandidate(encode(candidate), prefix)).toEqual({ ...candidate, history: undefined, dataLimitBytes: undefined });
    expect(parseCandidate(encode({ ...candidate, history: undefined }), prefix).history).toBeUndefined();
  });

  it.each([5, '', ['h'], {}])('with %o for a history is refused', (history) => {
    const data = Buffer.from(JSON.stringify({ ...candidate, history }));
    expect(() => parseCandidate(data, prefix)).toThrow(/history/);
  });
});
