/** Formats the outcome of `kvctl state check`, as text and as JSON. Pure. */
import type { CheckedRecord, ReadRecord } from '../../../wire/copies/copy-messages.js';
import { legibleBytes, printable } from '../../legible.js';
import { grouped } from '../figures.js';
import type { CheckedShard, Difference } from './check-shard.js';

export interface ShardOutcome {
  readonly shard: number;
  /** Ids of the nodes whose copies were compared, the primary first. */
  readonly nodes: readonly string[];
  /** Ids of the nodes that hold the shard, or are to hold it, and whose copies were not compared. */
  readonly left: readonly string[];
  /** Undefined: the shard could not be checked. */
  readonly checked: CheckedShard | undefined;
  /** Why it could not. */
  readonly problem?: string;
}

/** The most differences of a shard that are shown as text. */
const mostShown = 20;

export function renderCheck(outcomes: readonly ShardOutcome[]): string {
  const lines = outcomes.flatMap(renderShard);
  const checked = outcomes.filter(({ checked }) => checked !== undefined);
  const keys = checked.reduce((sum, outcome) => sum + outcome.checked!.keys, 0);
  const found = checked.filter((outcome) => differencesIn(outcome) > 0);
  const differences = found.reduce((sum, outcome) => sum + differencesIn(outcome), 0);
  const unchecked = outcomes.length - checked.length;
  const what = `${grouped(keys)} keys of ${checked.length} shards`;
  lines.push(differences === 0 ? `compared ${what}: no copy differs` : `compared ${what}: ${grouped(differences)} keys differ`);
  if (unchecked > 0) lines.push(`${unchecked} shards could not be checked`);
  lines.push(...nodesLeft(checked), ...found.flatMap(remedyOf));
  return lines.join('\n');
}

export function checkToJson(outcomes: readonly ShardOutcome[]): object {
  const shards = outcomes.map((outcome) => {
    const { shard, nodes, left, checked, problem } = outcome;
    if (checked === undefined) return { shard, nodes, notCompared: left, checked: false, problem };
    const { seq, keys, hasMore } = checked;
    const differences = checked.differences.map(({ key, reads, evidence, damaged }) => ({
      key,
      evidence,
      damaged: damaged.map((index) => nodes[index]),
      copies: reads.map((read, index) => ({ node: nodes[index], ...readToJson(read) })),
    }));
    const unreadable = checked.unreadable.map(({ copy, key }) => ({ node: nodes[copy], keyHex: key.toString('hex') }));
    return { shard, nodes, notCompared: left, checked: true, seq, keys, differences, unreadable, hasMore };
  });
  return { differ: outcomes.some((outcome) => differencesIn(outcome) > 0), shards };
}

export function differencesIn({ checked }: ShardOutcome): number {
  return checked === undefined ? 0 : checked.differences.length + checked.unreadable.length;
}

function renderShard(outcome: ShardOutcome): string[] {
  const { shard, nodes, checked, problem } = outcome;
  if (checked === undefined) return [`shard ${shard} could not be checked: ${problem}`];
  const unreadable = checked.unreadable.map(
    ({ copy, key }) => `shard ${shard}: node ${nodes[copy]} holds a key that is no UTF-8: ${legibleBytes(key)}`,
  );
  const lines = [...unreadable, ...checked.differences.map((difference) => renderDifference(shard, nodes, difference))];
  const left = lines.length - mostShown;
  if (left <= 0) return lines;
  const more = checked.hasMore ? `at least ${left} more; the check of this shard has ended there` : `${left} more`;
  return [...lines.slice(0, mostShown), `shard ${shard}: ${more}`];
}

function renderDifference(shard: number, nodes: readonly string[], { key, reads, evidence, damaged }: Difference): string {
  const held = reads.map((read, index) => `${nodes[index]} holds ${recordText(read.stored)}`).join(', ');
  const names = damaged.map((index) => nodes[index]).join(', ');
  const verdict = {
    log: `; by the log ${names} is wrong`,
    majority: `; most copies agree, and ${names} differs`,
    none: '; no log and no majority shows which is right',
  }[evidence];
  return `shard ${shard}, key ${printable(key)}: ${held}${verdict}`;
}

function recordText(record: CheckedRecord | undefined): string {
  if (record === undefined) return 'nothing';
  const { version, valueBytes, valueCrc, expiresAtMs } = record;
  const expiry = expiresAtMs === undefined ? '' : `, due at ${expiresAtMs}`;
  return `version ${version} (${valueBytes} bytes, CRC ${valueCrc.toString(16).padStart(8, '0')}${expiry})`;
}

function readToJson({ seq, stored, logged, deleted }: ReadRecord): object {
  return { seq, stored: stored && recordToJson(stored), logged: logged && recordToJson(logged), deletedByLog: deleted };
}

function recordToJson({ version, expiresAtMs, valueBytes, valueCrc }: CheckedRecord): object {
  return { version, expiresAtMs, valueBytes, valueCrc };
}

/** A node that does not answer has left out a copy of each of its shards: one line for all of them. */
function nodesLeft(checked: readonly ShardOutcome[]): string[] {
  const nodes = [...new Set(checked.flatMap(({ left }) => left))].sort();
  return nodes.map((node) => {
    const shards = checked.filter(({ left }) => left.includes(node)).map(({ shard }) => shard);
    const what = `the copies of ${shards.length} shards on node ${node} were not compared`;
    return `${what}: the node or its database does not answer, or it has no complete copy ("kvctl status"). Check them later`;
  });
}

/** What an operator can do. */
function remedyOf(outcome: ShardOutcome): string[] {
  const { shard, nodes, checked } = outcome;
  const damaged = new Set([
    ...checked!.unreadable.map(({ copy }) => copy),
    ...checked!.differences.flatMap((difference) => [...difference.damaged]),
  ]);
  if (damaged.size === 0)
    return [`shard ${shard}: compare the values yourself, and discard the copies that are wrong (docs/state-stores.md)`];
  return [...damaged].map(
    (copy) =>
      `shard ${shard}: discard the copy of node ${nodes[copy]}: stop the node, move its data directory away, and start it again, with an empty ` +
      'database if it is in PostgreSQL. It takes new copies from the primaries (docs/state-stores.md, "Start empty")',
  );
}
