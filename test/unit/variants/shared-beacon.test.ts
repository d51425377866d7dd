/**
 * Variants of the beacon that two nodes share (R4, R9): what is remembered of a stream, what counts as a repetition,
 * and which shards are in it. Schedules run the whole simulation on the edited modules. A check on one stream tests a
 * single frame.
 */
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/replication/index.js';
import { peerClusterOf } from '../../../src/wire/peer/peer-cluster.fixture.js';
import { type Edit, edit, loadEdited } from './variant-lab.js';

type Check = () => void;
type Sent = readonly [shard: number, message: Message];

const memoryFile = '../wire/peer/beacon-memory.ts';
const streamFile = '../wire/peer/message-stream.ts';
const simulatedStreamFile = '../../simulation/virtual/stream.ts';
const stepsOfSchedule = 150;
const mostSchedules = 120;

/** One of the schedules from seed 1 to `within` fails. */
function schedules(within: number): () => Promise<Check> {
  return async () => {
    const { planOf, runPlan } = await import('../../../simulation/index.js');
    return () => {
      for (let seed = 1; seed <= within; seed++) {
        const { cause } = runPlan(planOf(seed, stepsOfSchedule), {}, false);
        if (cause !== undefined) throw cause;
      }
    };
  };
}

/**
 * One stream: beacons of three shards; then of two, one in a new epoch; then beacons that differ in one field each.
 */
async function streamCheck(): Promise<Check> {
  const { IncomingMessages, OutgoingMessages } = await import('../../../src/wire/peer/message-stream.js');
  const { ReplicationCodec } = await import('../../../src/wire/peer/replication-codec.js');
  return () => {
    const sent: Sent[] = [];
    const received: Sent[] = [];
    const incoming = new IncomingMessages(peerClusterOf('c'));
    const send = (frame: Buffer) =>
      incoming.read(frame, (shard, message) => received.push([shard, message as Message]) > 0) === undefined;
    const outgoing = new OutgoingMessages(peerClusterOf('c'), { queuedBytes: 0, send });
    const sendInTurn = (...all: Sent[]) => {
      sent.push(...all);
      for (const [shard, message] of all) outgoing.send(new ReplicationCodec(peerClusterOf('c'), shard), message);
      outgoing.flush();
    };
    const beacon = { type: 'beacon', sentAtMs: 100, probe: false, commitIndex: 0, stopping: false, mayLeaveMs: 0 } as const;
    const first: Message = { history: 'h', epoch: 1, epochId: 'one', from: 'a~1', to: 'b~1', body: beacon };
    const again: Message = { ...first, body: { ...beacon, sentAtMs: 200 } };
    sendInTurn([1, first], [2, first], [3, first]);
    sendInTurn([1, again], [3, { ...again, epoch: 2 }]);
    sendInTurn([2, again], [1, { ...first, body: { type: 'stateChanged' } }], [1, again]);
    sendInTurn([1, { ...again, from: 'a~2' }], [2, { ...again, to: 'b~2' }]);
    sendInTurn([1, again], [2, again]);
    sendInTurn([1, { ...again, history: 'other' }], [2, { ...again, epochId: 'other' }]);
    sendInTurn([1, again], [2, again]);
    sendInTurn([1, { ...again, body: { ...beacon, probe: true } }], [2, { ...again, body: { ...beacon, stopping: true } }]);
    sendInTurn([3, { ...again, epoch: 2, body: { ...beacon, sentAtMs: 200, commitIndex: 1 } }]);
    expect(received).toEqual(sent);
  };
}

interface Variant {
  readonly does: string;
  readonly edits: readonly Edit[];
  readonly check: () => Promise<Check>;
}

/** The fields that are compared to detect a repetition. */
function ignores(field: string, check: Variant['check']): Variant {
  const edits = [edit(memoryFile, `one.${field} === other.${field}`, 'one !== undefined')];
  return { does: `repeats a beacon sent with another ${field}`, edits, check };
}

const variants: readonly Variant[] = [
  {
    does: 'the sender continues from the beacons of a broken stream',
    edits: [
      edit(
        simulatedStreamFile,
        'said: new BeaconMemory()',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text.
        'said: ((newDirection as any)[`${from} ${to}`] ??= new BeaconMemory())',
      ),
    ],
    check: schedules(20),
  },
  {
    does: 'the receiver forgets a beacon that was sent in full',
    edits: [edit(simulatedStreamFile, 'if (isBeacon(sent.whole)) heard.remember(sent.shard, sent.whole);', '')],
    check: schedules(1),
  },
  {
    does: 'the receiver keeps the first beacon instead of the last',
    edits: [edit(simulatedStreamFile, 'heard.remember(sent.shard', 'heard.repeated(0, 0) ?? heard.remember(sent.shard')],
    check: schedules(20),
  },
  {
    does: 'repeats all its beacons, even for shards whose primary is gone or whose replica has claimed',
    edits: [edit(streamFile, 'shards: [shard] };', 'shards: [1, 2, 3] };')],
    check: streamCheck,
  },
  {
    does: 'a shared beacon overtakes messages sent before it, or is overtaken',
    edits: [
      edit(
        streamFile,
        '      this.#writeRepeats(writer);\n      codec.write(writer, message, ',
        '      codec.write(writer, message, ',
      ),
    ],
    check: streamCheck,
  },
  {
    does: 'repeats a probe as a beacon, or a beacon from before the planned stop',
    edits: [
      edit(
        memoryFile,
        'one.probe === other.probe &&\n    one.stopping === other.stopping &&\n    one.mayLeaveMs',
        'one.mayLeaveMs',
      ),
    ],
    check: streamCheck,
  },
  ...['history', 'epoch', 'epochId', 'from', 'to', 'commitIndex'].map((field) => ignores(field, streamCheck)),
  ...['mayLeaveMs', 'number', 'complete', 'leaving'].map((field) => ignores(field, schedules(mostSchedules))),
];

describe('broken on purpose: the shared beacon', { timeout: 120_000 }, () => {
  for (const { does, edits, check } of variants) {
    it(does, async () => {
      const broken = await loadEdited(edits, check);
      expect(broken).toThrow(/the cluster does not|a beacon says again|^expected/);
    });
  }

  it('control: as it is, it passes what catches these', async () => {
    for (const check of [streamCheck, schedules(mostSchedules)]) {
      const unbroken = await loadEdited([], check);
      unbroken();
    }
  });
});
