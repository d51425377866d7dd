/** Judges at the end what clients saw: the history of all keys, for each generation (R13). */
import {
  type Call,
  type CallResult,
  checkHistory,
  type FinalState,
  type HistoryReport,
  type KeyedCall,
  type Operation,
  type Outcome,
  partsOf,
  writtenVersion,
} from '../../verification/index.js';
import { textOfBytes } from '../cluster/core-operations.js';

import type { HistoryItem } from '../cluster/sim-client.js';
import type { Site } from '../cluster/site.js';
import type { World } from '../cluster/world.js';
import type { Unasked } from '../safety/expiry-model.js';
import { require } from '../safety/violation.js';
import type { StoredItem } from '../virtual/store.js';

/** Far more configurations than a schedule needs. A longer search counts as undecided, not as a failure. */
const maxConfigurations = 20_000;

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
    const answered = world.history.flatMap((item) => operationIn(world, item, generation));
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
function operationIn({ safety }: World, item: HistoryItem, generation: number): Operation[] {
  const { operation, answeredIn, mayBeElsewhere } = item;
  if (operation.outcome.kind === 'unknown') return [operation];
  const atMs = safety.generations.beginnings.get(generation)?.atMs ?? 0;
  // It may have been executed before the generation began. Then its answer shows data that are not in this history.
  const showsEarlier = !isPlain(operation) && operation.invokedAtUs < atMs * 1000;
  if (answeredIn === generation && !showsEarlier) return [operation];
  return mayBeElsewhere || answeredIn === generation ? [{ ...operation, outcome: { kind: 'unknown', code: 'RETRIED' } }] : [];
}

function isPlain({ call }: Operation): boolean {
  return call.kind === 'get' || call.kind === 'put' || call.kind === 'delete';
}

/** The data with which a generation began counts as written at that moment. Keys with one version were written together. */
function beginningOf({ safety }: World, generation: number): Operation[] {
  const beginning = safety.generations.beginnings.get(generation);
  if (beginning === undefined) return [];
  const byVersion = new Map<number, [string, StoredItem][]>();
  for (const item of beginning.items) byVersion.set(item[1].version, [...(byVersion.get(item[1].version) ?? []), item]);
  return [...byVersion].map(([version, items]) => ({
    client: 'operator',
    key: items[0]![0],
    call: { kind: 'transact', compares: [], operations: items.map(putOf), otherwise: [] },
    invokedAtUs: 0,
    returnedAtUs: beginning.atMs * 1000,
    outcome: { kind: 'transacted', held: true, version, results: items.map(() => ({ kind: 'written', version })) },
  }));
}

function putOf([key, { value }]: [string, StoredItem]): KeyedCall {
  return { key, call: { kind: 'put', value: textOfBytes(value) } };
}

/**
 * Deletes of due keys, and writes that change nothing but when a key is due (R17). They take place when they commit. Those of
 * before the generation's first primary served are part of its beginning.
 */
function unaskedIn({ safety }: World, generation: number): Operation[] {
  const beginMs = safety.generations.beginnings.get(generation)?.atMs ?? 0;
  const bySeq = new Map<number, Unasked[]>();
  for (const write of safety.model.expiry.unasked)
    if (write.generation === generation && write.atMs > beginMs) bySeq.set(write.seq, [...(bySeq.get(write.seq) ?? []), write]);
  return [...bySeq].map(([version, writes]) => {
    const [{ key, atMs, isLost }] = writes as [Unasked];
    const call: Call = { kind: 'transact', compares: [], operations: writes.map(callOf), otherwise: [] };
    const known: Outcome = { kind: 'transacted', held: true, version, results: writes.map(resultOf) };
    const outcome: Outcome = isLost ? { kind: 'unknown', code: 'LOST' } : known;
    return { client: 'the shard', key, call, invokedAtUs: atMs * 1000, returnedAtUs: atMs * 1000, outcome };
  });
}

function callOf({ key, value }: Unasked): KeyedCall {
  return { key, call: value === undefined ? { kind: 'delete' } : { kind: 'append', value: '' } };
}

function resultOf({ value, seq: version }: Unasked): CallResult {
  return value === undefined ? { kind: 'written', version } : { kind: 'length', valueBytes: value.length, version };
}

/** A write whose client sent it again, and was answered only after the operator's command: it stands for itself (R16). */
function isSameWrite(write: Operation): (other: Operation) => boolean {
  const version = writtenVersion(write);
  return (other) => writtenVersion(other) === version;
}

/** The final data, from the process that serves. */
function finalState(world: World): FinalState {
  const primary = world.processOf(world.ensemble.state?.primary ?? '');
  const final = new Map<string, { value: string; version: number } | undefined>(world.keys.map((key) => [key, undefined]));
  for (const { operation } of world.history) for (const { key } of partsOf(operation)) final.set(key, undefined);
  for (const [key, { value, version }] of primary?.store.items ?? []) final.set(key, { value: textOfBytes(value), version });
  return final;
}

/** The values of refused writes, and of the branch of a transaction that was not taken. */
function refusedWritesNeverShow({ history, safety }: World): void {
  const committed = new Set<string>();
  const writes = [...safety.model.ever.values()].flatMap((entry) => entry.writes);
  for (const { value } of writes) if (value !== undefined) for (const one of valuesIn(textOfBytes(value))) committed.add(one);
  for (const { operation, mayBeElsewhere } of history) {
    if (mayBeElsewhere && safety.model.hasForgotten) continue;
    for (const value of valuesNotWritten(operation))
      require(!committed.has(value), () => `${value} is there, and must not be: ${JSON.stringify(operation)}`);
  }
}

/** A text consists of values in angle brackets, which may overwrite each other. */
function valuesIn(stored: string): string[] {
  return [stored, ...(stored.match(/<v\d+>/g) ?? [])];
}

function valuesNotWritten({ key, call, outcome }: Operation): string[] {
  const { kind } = outcome;
  const isRefused = kind === 'refused' || kind === 'mismatch' || kind === 'declined';
  if (!isRefused && kind !== 'transacted') return [];
  if (call.kind !== 'transact') return isRefused ? [{ key, call }].flatMap(valuesOf) : [];
  const { operations, otherwise } = call;
  if (isRefused) return [...operations, ...otherwise].flatMap(valuesOf);
  return (outcome.held ? otherwise : operations).flatMap(valuesOf);
}

function valuesOf({ call }: KeyedCall): string[] {
  return 'value' in call ? [call.value] : [];
}

function nobodyWaitsForEver({ clients }: Site): void {
  for (const { name, waiting } of clients) {
    for (const { process } of waiting) require(!process.alive, () => `a write of ${name} at ${process.replicaId} waits for ever`);
  }
}

function describeLost({ lost }: HistoryReport): string {
  return lost.map(({ key, write, finalVersion }) => `${key}: ${JSON.stringify(write)}, in the end at ${finalVersion}`).join('; ');
}
