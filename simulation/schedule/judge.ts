/** Judges at the end what clients saw: the history of every key, for each generation (R13). */
import {
  type Call,
  checkHistory,
  type FinalState,
  type HistoryReport,
  type Operation,
  type Outcome,
} from '../../verification/index.js';
import type { HistoryItem } from '../cluster/sim-client.js';
import type { Site } from '../cluster/site.js';
import type { World } from '../cluster/world.js';
import { require } from '../safety/violation.js';

/** Far more configurations than a schedule needs. A longer search counts as undecided, not as a failure. */
const maxConfigurations = 100_000;

/** Returns whether every history could be decided. */
export function judgeSchedule(site: Site): boolean {
  nobodyWaitsForEver(site);
  return site.worlds.map(judgeShard).every((isDecided) => isDecided);
}

function judgeShard(world: World): boolean {
  refusedWritesNeverShow(world);
  let isDecided = true;
  for (let generation = 0; generation <= world.safety.generation; generation += 1) {
    const isLast = generation === world.safety.generation;
    const answered = world.history.flatMap((item) => operationIn(item, generation));
    const beginning = beginningOf(world, generation).filter((write) => !answered.some(isSameWrite(write)));
    const operations = [...beginning, ...answered, ...unaskedIn(world, generation)];
    const report = checkHistory(operations, isLast ? finalState(world) : new Map(), maxConfigurations);
    require(report.violations.length === 0, () => report.violations.map(({ explanation }) => explanation).join('\n'));
    require(report.lost.length === 0, () => `acknowledged writes are lost: ${describeLost(report)}`);
    require(report.wrongSums.length === 0, () => `a counter is wrong: ${JSON.stringify(report.wrongSums[0])}`);
    require(report.invented.length === 0, () => `a value was read that was never written: ${JSON.stringify(report.invented[0])}`);
    isDecided &&= report.undecided.length === 0;
  }
  return isDecided;
}

/**
 * The operations that were answered in this generation, and those that were never answered. The latter may have been
 * executed in any generation, also in an earlier one than they were requested in, by a primary that has not learnt
 * yet that a removed replica has begun another line (R7).
 */
function operationIn({ operation, answeredIn, mayBeElsewhere }: HistoryItem, generation: number): Operation[] {
  if (operation.outcome.kind === 'unknown' || answeredIn === generation) return [operation];
  return mayBeElsewhere ? [{ ...operation, outcome: { kind: 'unknown', code: 'RETRIED' } }] : [];
}

/** The data with which a generation began counts as written at that moment. */
function beginningOf({ safety }: World, generation: number): Operation[] {
  const beginning = safety.generations.beginnings.get(generation);
  if (beginning === undefined) return [];
  const decoder = new TextDecoder();
  const atUs = beginning.atMs * 1000;
  return [...beginning.items].map(([key, { value, version }]) => ({
    client: 'operator',
    key,
    call: { kind: 'put', value: decoder.decode(value) },
    invokedAtUs: 0,
    returnedAtUs: atUs,
    outcome: { kind: 'written', version },
  }));
}

/**
 * Deletes of due keys, and writes that change nothing but when a key is due (R17). They take place when they commit. Those of
 * before the generation's first primary served are part of its beginning.
 */
function unaskedIn({ safety }: World, generation: number): Operation[] {
  const beginMs = safety.generations.beginnings.get(generation)?.atMs ?? 0;
  return safety.model.expiry.unasked
    .filter((write) => write.generation === generation && write.atMs > beginMs)
    .map(({ key, seq, value, atMs }) => {
      const outcome: Outcome =
        value === undefined ? { kind: 'written', version: seq } : { kind: 'length', valueBytes: value.length, version: seq };
      const call: Call = value === undefined ? { kind: 'delete' } : { kind: 'append', value: '' };
      return { client: 'the shard', key, call, invokedAtUs: atMs * 1000, returnedAtUs: atMs * 1000, outcome };
    });
}

/** A write whose client sent it again, and was answered only after the operator's command: it stands for itself (R16). */
function isSameWrite({ key, outcome }: Operation): (other: Operation) => boolean {
  return (other) => {
    const { kind } = other.outcome;
    return kind === 'written' && outcome.kind === kind && other.key === key && other.outcome.version === outcome.version;
  };
}

/** The final data, from the process that serves. */
function finalState(world: World): FinalState {
  const primary = world.processOf(world.ensemble.state?.primary ?? '');
  const decoder = new TextDecoder();
  const final = new Map<string, { value: string; version: number } | undefined>();
  for (const key of world.keys) {
    const item = primary?.store.items.get(key);
    final.set(key, item && { value: decoder.decode(item.value), version: item.version });
  }
  return final;
}

function refusedWritesNeverShow({ history, safety }: World): void {
  const decoder = new TextDecoder();
  const committed = new Set<string>();
  const writes = [...safety.model.ever.values()].flatMap((entry) => entry.writes);
  for (const { value } of writes) if (value !== undefined) committed.add(decoder.decode(value));
  for (const { operation, mayBeElsewhere } of history) {
    const { call, outcome } = operation;
    if (mayBeElsewhere && safety.model.hasForgotten) continue;
    if (call.kind !== 'put' || (outcome.kind !== 'refused' && outcome.kind !== 'mismatch')) continue;
    require(!committed.has(call.value), () => `${call.value} was answered with ${outcome.kind} and is there`);
  }
}

function nobodyWaitsForEver({ clients }: Site): void {
  for (const { name, waiting } of clients) {
    for (const { process } of waiting) require(!process.alive, () => `a write of ${name} at ${process.replicaId} waits for ever`);
  }
}

function describeLost({ lost }: HistoryReport): string {
  return lost.map(({ key, write, finalVersion }) => `${key}: ${JSON.stringify(write)}, in the end at ${finalVersion}`).join('; ');
}
