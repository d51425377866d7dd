/** Fencing (R8) and sessions (R14): variants that break one sentence of the rule each. */
import { describeVariants, scenario, schedules } from './variant.js';
import { edit } from './variant-lab.js';

const unknownOutcome = "answer: { kind: 'refused', refusal: 'OUTCOME_UNKNOWN' }";

describeVariants('fencing and sessions', [
  {
    rule: 'R8',
    does: 'obeys a message of a lower epoch',
    edits: [edit('receive.ts', 'if (message.epoch < core.epoch) {', 'if (message.epoch < 0) {')],
    caughtBy: schedules(50),
  },
  {
    rule: 'R8',
    does: 'counts an answer of a lower epoch',
    edits: [edit('receive.ts', 'if (message.epoch < core.epoch) {', 'if (message.epoch < core.epoch && isRequest(message)) {')],
    caughtBy: scenario('fencing'),
  },
  {
    rule: 'R8',
    does: 'refuses a lower epoch without answering with the current one',
    edits: [edit('receive.ts', "if (isRequest(message)) core.send(message.from, { type: 'higherEpoch' });", '')],
    caughtBy: scenario('fencing'),
  },
  {
    rule: 'R8',
    does: 'stays primary until ZooKeeper shows the higher epoch of a message',
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
    does: 'answers waiting writes at a deposed primary as not executed',
    edits: [edit('state/transitions.ts', unknownOutcome, "answer: { kind: 'refused', refusal: 'NOT_PRIMARY' }")],
    caughtBy: scenario('fencing'),
  },
  {
    rule: 'R8',
    does: 'answers waiting writes at a deposed primary as done',
    edits: [edit('state/transitions.ts', unknownOutcome, "answer: { kind: 'written', version: core.log.lastSeq }")],
    caughtBy: scenario('fencing'),
  },
  {
    rule: 'R8, R12',
    does: 'leaves waiting writes without an answer when it exits',
    edits: [edit('state/transitions.ts', "if (core.role.kind === 'primary') resign(core, core.role);", '')],
    caughtBy: scenario('handover'),
  },
  {
    rule: 'R14',
    does: 'steps down when the connection to ZooKeeper is lost',
    edits: [
      edit(
        'replica.ts',
        "import { onTick } from './tick.js';",
        "import { onTick } from './tick.js';\nimport { becomeFollower } from './state/transitions.js';",
      ),
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
    does: 'relies on watches, and does not read the state after a message of a higher epoch',
    edits: [edit('receive.ts', "    core.emit({ type: 'refreshState', afterWrite: false });\n", '')],
    caughtBy: scenario('sessions'),
  },
]);
