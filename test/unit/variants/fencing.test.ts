/** Fencing (R8) and sessions (R14) with a sentence broken. */
import { expect } from 'vitest';
import { describeVariants, scenario, schedules, script } from './variant.js';
import { edit, type Lab } from './variant-lab.js';

const unknownOutcome = "answer: { kind: 'refused', refusal: 'OUTCOME_UNKNOWN' }";

describeVariants('fencing and sessions', [
  {
    rule: 'R8',
    does: 'does as a lower epoch says',
    edits: [edit('receive.ts', 'if (message.epoch < core.epoch) {', 'if (message.epoch < 0) {')],
    caughtBy: schedules(50),
  },
  {
    rule: 'R8',
    does: 'counts an answer of a lower epoch',
    edits: [edit('receive.ts', 'if (message.epoch < core.epoch) {', 'if (message.epoch < core.epoch && isRequest(message)) {')],
    caughtBy: script(answersOfLowerEpochsDoNotCount),
  },
  {
    rule: 'R8',
    does: 'refuses a lower epoch without telling the current one',
    edits: [edit('receive.ts', "if (isRequest(message)) core.send(message.from, { type: 'higherEpoch' });", '')],
    caughtBy: scenario('fencing'),
  },
  {
    rule: 'R8',
    does: 'stays primary until ZooKeeper tells it of the higher epoch that it hears of',
    edits: [
      edit(
        'receive.ts',
        'if (message.epoch > core.epoch) {',
        "if (message.epoch > core.epoch) {\n    if (core.role.kind === 'primary') return;",
      ),
    ],
    caughtBy: scenario('fencing'),
  },
  {
    rule: 'R8',
    does: 'tells those who wait at a deposed primary that their writes were not executed',
    edits: [edit('transitions.ts', unknownOutcome, "answer: { kind: 'refused', refusal: 'NOT_PRIMARY' }")],
    caughtBy: scenario('fencing'),
  },
  {
    rule: 'R8',
    does: 'tells those who wait at a deposed primary that their writes are done',
    edits: [edit('transitions.ts', unknownOutcome, "answer: { kind: 'written', version: core.log.lastSeq }")],
    caughtBy: scenario('fencing'),
  },
  {
    rule: 'R8, R12',
    does: 'leaves those who wait without an answer when it exits',
    edits: [edit('transitions.ts', "if (core.role.kind === 'primary') resign(core, core.role);", '')],
    caughtBy: scenario('handover'),
  },
  {
    rule: 'R14',
    does: 'steps down when the connection to ZooKeeper is lost',
    edits: [
      edit(
        'replica.ts',
        'core.sessionConnected = event.connected;',
        "core.sessionConnected = event.connected;\n      if (!event.connected && core.role.kind === 'primary') becomeFollower(core);",
      ),
    ],
    caughtBy: scenario('sessions'),
  },
  {
    rule: 'R14',
    does: 'relies on watches: a higher epoch in a message is no reason to read the state',
    edits: [edit('receive.ts', "    core.emit({ type: 'refreshState' });\n", '')],
    caughtBy: scenario('sessions'),
  },
]);

/** What a acknowledged in epoch 1, it may have cut since. */
function answersOfLowerEpochsDoNotCount({ Scenario, outcome }: Lab): void {
  const c = Scenario.of('a b c');
  c.pause('a');
  c.until(() => c.primary === 'b', 'no failover');
  c.resume('a');
  c.stabilize();
  c.hold('b', 'a');
  const call = c.put('b', 'k', 'v');
  c.deliverAll();
  const { number } = c.sent('sync', 'b').findLast(({ to }) => to === 'a~1')!.body;
  c.receive({ epoch: 1, from: 'a~1', to: 'b~1', body: { type: 'appendAnswer', number, mismatch: false, ackedSeq: 1 } });
  expect(outcome(call)).toBe('none yet');
}
