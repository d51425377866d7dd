/** Writes that are sent again (R16): variants that break one sentence of the rule each. */
import { describeVariants, scenario, schedules } from './variant.js';
import { edit } from './variant-lab.js';

describeVariants('retries', [
  {
    rule: 'R16',
    does: 'recognises no request',
    edits: [
      edit(
        'primary/retries.ts',
        'const known = core.requests.find(request.client, request.number);',
        'const known = undefined as RecordedRequest | undefined;',
      ),
    ],
    caughtBy: schedules(40),
  },
  {
    rule: 'R16',
    does: 'answers a request whose entry is not committed yet',
    edits: [edit('primary/retries.ts', 'if (seq > core.commitIndex) role', 'if (seq === -1) role')],
    caughtBy: scenario('retries'),
  },
  {
    rule: 'R16',
    does: 'says that a recognised request was not executed when its entry does not commit here',
    edits: [edit('state/transitions.ts', "isRecorded ? 'OUTCOME_UNKNOWN' : 'NOT_PRIMARY'", "'NOT_PRIMARY'")],
    caughtBy: scenario('retries'),
  },
  {
    rule: 'R16',
    does: 'recognises, as primary, only what is applied',
    edits: [edit('primary/append.ts', 'if (request !== undefined) core.requests.begin(request);', '')],
    caughtBy: scenario('retries'),
  },
  {
    rule: 'R16',
    does: 'recognises no request that a backup has applied',
    edits: [edit('state/core.ts', 'if (request !== undefined) this.requests.apply(request);', '')],
    caughtBy: scenario('retries'),
  },
  {
    rule: 'R16',
    does: 'remembers, after its deposition, requests that are cut from its log',
    edits: [edit('state/transitions.ts', '  core.requests.abandonAfter(core.appliedSeq);\n', '')],
    caughtBy: scenario('retries'),
  },
  {
    rule: 'R16',
    does: 'sends no requests with a snapshot',
    edits: [edit('primary/replicate.ts', 'requests: core.requests.export(baseSeq),', 'requests: [],')],
    caughtBy: scenario('retries'),
  },
  {
    rule: 'R16',
    does: 'sends the requests of its log with a snapshot, and not those of the base position',
    edits: [
      edit(
        'primary/replicate.ts',
        'requests: core.requests.export(baseSeq),',
        'requests: core.requests.export(core.log.lastSeq),',
      ),
    ],
    caughtBy: schedules(200),
  },
  {
    rule: 'R16',
    does: 'takes a snapshot without its floor',
    edits: [edit('follower/joiner.ts', ', false, event.requestFloor);', ', false, 0);')],
    caughtBy: schedules(60),
  },
  {
    rule: 'R16',
    does: 'forgets by a floor of its own, which no entry carries',
    edits: [
      edit(
        'state/request-table.ts',
        'if (floor > this.#floor) this.#forgetThrough(floor, seq);',
        'if (this.#count > 2) this.#forgetThrough(seq - 1, seq);',
      ),
    ],
    caughtBy: scenario('retries'),
  },
  {
    rule: 'R16',
    does: 'keeps what the client does not send again',
    edits: [edit('state/request-table.ts', '    of.forgetBelow(seq);\n', '')],
    caughtBy: scenario('retries'),
  },
  {
    rule: 'R16',
    does: 'executes a request that its client does not send again',
    edits: [edit('primary/retries.ts', ' || requests.isBehind(client, number)', '')],
    caughtBy: scenario('retries'),
  },
  {
    rule: 'R16',
    does: 'executes a request whose position is below the floor',
    edits: [edit('primary/retries.ts', 'seq < requests.floor || ', '')],
    caughtBy: scenario('retries'),
  },
  {
    rule: 'R16',
    does: 'accepts a position of another history',
    edits: [edit('primary/retries.ts', 'known !== history || ', '')],
    caughtBy: scenario('retries'),
  },
  {
    rule: 'R16',
    does: 'accepts a position ahead of its log',
    edits: [edit('primary/retries.ts', ' || seq > log.lastSeq', '')],
    caughtBy: scenario('retries'),
  },
  {
    rule: 'R16, G4',
    does: 'says that a request which is too old was not executed, although it was sent before',
    edits: [
      edit('primary/retries.ts', 'isDefinite: isFirstAttempt, position', 'isDefinite: isFirstAttempt !== undefined, position'),
    ],
    caughtBy: scenario('retries'),
  },
  {
    rule: 'R16',
    does: 'answers another request of the same number with the first answer',
    edits: [edit('primary/retries.ts', 'known.fingerprint !== fingerprintOf(event)', 'known.fingerprint === -1')],
    caughtBy: scenario('retries'),
  },
  {
    rule: 'R16',
    does: 'does not record a retry that writes nothing',
    edits: [
      edit('primary/write.ts', 'if (request === undefined || request.isFirstAttempt) return answerJudged', 'return answerJudged'),
    ],
    caughtBy: scenario('retries'),
  },
  {
    rule: 'R16',
    does: 'answers a transaction that is sent again with its version, and without its results',
    edits: [edit('primary/retries.ts', 'known.answer === undefined ? {', 'known.seq === seq ? {')],
    caughtBy: schedules(40),
  },
  {
    rule: 'R16',
    does: 'recognises no transaction',
    edits: [
      edit(
        'primary/write.ts',
        'const recorded = request && recordOf(core, event, request, recordedForm(given, writes[0]?.value));',
        'const recorded = undefined;',
      ),
    ],
    caughtBy: scenario('retried-transaction'),
  },
  {
    rule: 'R16',
    does: 'does not record a retried transaction that writes nothing',
    edits: [edit('primary/write.ts', 'if (request !== undefined && !request.isFirstAttempt)', 'if (request === null)')],
    caughtBy: scenario('retried-transaction'),
  },
  {
    rule: 'R16',
    does: 'takes a transaction with other comparisons for the same',
    edits: [edit('protocol/fingerprint.ts', '[compares, operations, otherwise]', '[operations, otherwise]')],
    caughtBy: scenario('retried-transaction'),
  },
  {
    rule: 'R16, R13',
    does: "recognises requests after the operator's command",
    edits: [edit('state/rebase.ts', '  core.requests.reset(baseSeq);\n', '')],
    caughtBy: scenario('retries'),
  },
  {
    rule: 'R16, R13',
    does: 'keeps the floor of requests where a history begins again',
    edits: [edit('state/core.ts', 'this.requests.reset(requestFloor);', 'this.requests.reset(complete ? 0 : requestFloor);')],
    caughtBy: scenario('retries'),
  },
]);
