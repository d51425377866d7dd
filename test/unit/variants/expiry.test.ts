/** Expiry (R17): variants that break one sentence of the rule each. */
import { describeVariants, scenario, schedules } from './variant.js';
import { edit } from './variant-lab.js';

const clock = 'state/shard-clock.ts';

describeVariants('expiry', [
  {
    rule: 'R17',
    does: 'lets its own clock run on as a backup, uncorrected by the beacons of the primary',
    edits: [edit(clock, 'this.#offsetMs = Math.floor(timeMs - nowMs);', '')],
    caughtBy: schedules(15),
  },
  {
    rule: 'R17',
    does: 'goes on from the last beacon at a takeover, without the time that has passed since',
    edits: [
      edit(clock, 'this.#latestMs = this.at(nowMs);', ''),
      edit(clock, 'Math.max(this.#offsetMs, this.#latestMs - Math.floor(nowMs));', 'this.#latestMs - Math.floor(nowMs);'),
    ],
    caughtBy: scenario('expiry'),
  },
  {
    rule: 'R17',
    does: 'starts every TTL again at a takeover',
    edits: [edit('state/transitions.ts', 'core.clock.take(core.nowMs);\n  const', 'core.clock.restart(0, core.nowMs);\n  const')],
    caughtBy: scenario('expiry'),
  },
  {
    rule: 'R17',
    does: 'turns the time back to an earlier entry when it starts again with its data',
    edits: [
      edit('state/recovery.ts', 'core.clock.learn(found.timeMs, core.nowMs);', ''),
      edit('state/recovery.ts', 'if (atMs !== undefined) core.clock.learn(atMs, core.nowMs);', ''),
      edit('state/recovery.ts', 'core.clock.learn(found.loggedTimeMs, core.nowMs);', ''),
    ],
    caughtBy: schedules(40),
  },
  {
    rule: 'R17',
    does: 'does not log the time',
    edits: [edit('time-log.ts', "core.persist({ type: 'time', timeMs, isCorrection });", '')],
    caughtBy: schedules(15),
  },
  {
    rule: 'R17',
    does: 'starts again with its data and without the time that it has logged',
    edits: [edit('state/recovery.ts', 'core.clock.learn(found.loggedTimeMs, core.nowMs);', '')],
    caughtBy: scenario('expiry'),
  },
  {
    rule: 'R17',
    does: 'logs the time of a primary that may have been replaced',
    edits: [
      edit('time-log.ts', "if (core.role.kind === 'primary' && refusalOfRead(core, core.nowMs) !== undefined) return;", ''),
    ],
    caughtBy: scenario('expiry'),
  },
  {
    rule: 'R17',
    does: 'keeps the time that it has logged although another primary is behind it',
    edits: [edit('time-log.ts', 'if (timeMs < core.loggedTimeMs) log(core, timeMs, true);', '')],
    caughtBy: scenario('expiry'),
  },
  {
    rule: 'R17',
    does: 'expires keys by the time of an older primary, which was ahead of that of the newest one',
    edits: [edit('follower/follower.ts', 'core.clock.restart(sync.timeMs', 'core.clock.learn(sync.timeMs')],
    caughtBy: schedules(15),
  },
  {
    rule: 'R17',
    does: 'takes the clock of the primary for its own',
    edits: [edit('follower/follower.ts', 'clock.follow(sentAtMs + timeOffsetMs, nowMs)', 'clock.follow(sentAtMs, nowMs)')],
    caughtBy: schedules(15),
  },
  {
    rule: 'R17',
    does: 'answers a read that a due key is gone before its delete has committed',
    edits: [
      edit(
        'primary/write.ts',
        'if (dueMs !== undefined) expire(core, role, [{ key, expiresAtMs: dueMs }]);\n  const newest = role.uncommitted.get(key);\n  const found',
        "if (dueMs !== undefined) return answer(core, token, { kind: 'readable', newest: { value: undefined, seq: 0 } });\n  const newest = role.uncommitted.get(key);\n  const found",
      ),
    ],
    caughtBy: scenario('expiry'),
  },
  {
    rule: 'R17',
    does: 'reads a due key as if it still existed, in a transaction',
    edits: [edit('primary/write.ts', '  expire(core, role, dueAmong(core, role, keys, stored));\n', '')],
    caughtBy: scenario('expiry'),
  },
  {
    rule: 'R17',
    does: 'judges a condition by a due key',
    edits: [edit('primary/write.ts', 'dueSince(core, role, key, event.storedExpiresAtMs)', 'undefined')],
    caughtBy: scenario('expiry'),
  },
  {
    rule: 'R17',
    does: 'takes no notice that a key is due whose write has not committed yet',
    edits: [edit('primary/expiry.ts', 'newest === undefined ? storedMs : writeOf(newest, key).expiresAtMs', 'storedMs')],
    caughtBy: scenario('expiry'),
  },
  {
    rule: 'R17',
    does: 'deletes a key that was written after it had been reported as due',
    edits: [edit('primary/expiry.ts', ' && !role.uncommitted.has(key)', '')],
    caughtBy: scenario('expiry'),
  },
  {
    rule: 'R17',
    does: 'deletes a key that is not due by the time of the shard',
    edits: [edit('primary/expiry.ts', 'expiresAtMs <= timeMs && ', '')],
    caughtBy: scenario('expiry'),
  },
  {
    rule: 'R17',
    does: 'deletes due keys with fewer than minInSync members',
    edits: [
      edit('primary/write.ts', 'dueMs !== undefined ? refusalOfWrite(core) : refusalOfService(core)', 'refusalOfService(core)'),
    ],
    caughtBy: scenario('expiry'),
  },
  {
    rule: 'R17',
    does: 'takes a snapshot without the deadlines of its keys',
    edits: [
      edit(
        'follower/joiner.ts',
        'items: event.items }',
        'items: event.items.map(({ key, value, version }) => ({ key, value, version })) }',
      ),
    ],
    caughtBy: scenario('expiry'),
  },
  {
    rule: 'R17',
    does: 'appends a write with a TTL without the time',
    edits: [edit('primary/append.ts', 'isTimed ?', 'isTimed === null ?')],
    caughtBy: scenario('expiry'),
  },
]);
