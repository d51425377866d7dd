/** The figures of one profile, summed over its episodes. Pure. */
import { type Episode, foundNothing } from '../profiles/episode.js';
import { type GapSpread, gapSpreadOf, longestGapsMs } from './service-gaps.js';
import { whyUnknown } from './why-unknown.js';

export interface ProfileResult {
  readonly profile: string;
  readonly seeds: readonly number[];
  readonly passed: boolean;
  /** The reason why the network does not consist of namespaces, if so. */
  readonly limitation: string | undefined;
  readonly loadSeconds: number;
  readonly operations: { readonly answered: number; readonly refused: number; readonly unknown: number };
  /** The number of executed calls, by kind. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Writes of patient clients whose outcome is unknown, by error code. They are no failure, but noteworthy. */
  readonly unknownAtDefaultDeadline: Readonly<Record<string, number>>;
  /** The same writes, each with what explains it (why-unknown.ts). */
  readonly whyUnknown: readonly string[];
  readonly operationsPerSecond: number;
  /** The number of checked operations, with the final reads and the pinned reads. */
  readonly checked: number;
  /** The number of operations that failed, by error code. */
  readonly failures: Readonly<Record<string, number>>;
  readonly rounds: number;
  /** The number of faults, by name. */
  readonly faults: Readonly<Record<string, number>>;
  readonly waits: number;
  readonly waitedMs: number;
  /** The time without service after each round. */
  readonly withoutServiceMs: GapSpread | undefined;
  /** The same, by the faults of the round. */
  readonly withoutServiceMsAfter: Readonly<Record<string, GapSpread>>;
  /** Explanations, each with the seed of its episode. */
  readonly violations: readonly string[];
  readonly undecided: readonly string[];
  readonly lostWrites: readonly string[];
  readonly wrongSums: readonly string[];
  readonly inventedValues: readonly string[];
  readonly unreadKeys: number;
  readonly stuck: readonly string[];
  readonly crashes: readonly string[];
}

export function summarize(profile: string, episodes: readonly Episode[]): ProfileResult {
  const all = episodes.flatMap(({ served }) => served);
  const failed = all.flatMap(({ outcome }) => (outcome.kind === 'refused' || outcome.kind === 'unknown' ? [outcome] : []));
  const unknown = failed.filter(({ kind }) => kind === 'unknown').length;
  const loadSeconds = sum(episodes.map(({ loadMs }) => loadMs)) / 1_000;
  const rounds = episodes.flatMap(({ schedule }) => schedule.rounds);
  const gaps = episodes.flatMap(({ served, schedule, shardCount }) =>
    longestGapsMs(
      served,
      schedule.rounds.map(({ startedAtUs }) => startedAtUs),
      shardCount,
    ),
  );
  const kinds = rounds.map(({ faults }) => (faults.length > 1 ? 'several' : (faults[0] ?? 'none')));
  const found = <Item>(items: (episode: Episode) => readonly Item[], describe: (item: Item) => string): string[] =>
    episodes.flatMap((episode) => items(episode).map((item) => `seed ${episode.seed}: ${describe(item)}`));
  return {
    profile,
    seeds: episodes.map(({ seed }) => seed),
    passed: episodes.every(foundNothing),
    limitation: episodes[0]?.limitation,
    loadSeconds,
    operations: { answered: all.length - failed.length, refused: failed.length - unknown, unknown },
    kinds: countOf(
      all.flatMap(({ call, outcome }) => (outcome.kind === 'refused' || outcome.kind === 'unknown' ? [] : [call.kind])),
    ),
    unknownAtDefaultDeadline: countOf(
      episodes
        .flatMap((episode) => episode.unknownAtDefaultDeadline)
        .flatMap(({ outcome }) => (outcome.kind === 'unknown' ? [outcome.code] : [])),
    ),
    whyUnknown: episodes.flatMap((episode) =>
      episode.unknownAtDefaultDeadline.map(
        (write) => `seed ${episode.seed}: ${whyUnknown(write, { ...episode, rounds: episode.schedule.rounds })}`,
      ),
    ),
    operationsPerSecond: (all.length - failed.length) / loadSeconds,
    checked: sum(episodes.map(({ history }) => history.length)),
    failures: countOf(failed.map(({ code }) => code)),
    rounds: rounds.length,
    faults: countOf(rounds.flatMap(({ faults }) => faults)),
    waits: sum(episodes.map(({ schedule }) => schedule.waits)),
    waitedMs: sum(episodes.map(({ schedule }) => schedule.waitedMs)),
    withoutServiceMs: gapSpreadOf(gaps),
    withoutServiceMsAfter: spreadsBy(kinds, gaps),
    violations: found(
      ({ report }) => report.violations,
      ({ explanation }) => explanation,
    ),
    undecided: found(
      ({ report }) => report.undecided,
      ({ keys, reason }) => `${keys.join(', ')}: ${reason}`,
    ),
    lostWrites: found(
      ({ report }) => report.lost,
      ({ key, write, finalVersion }) => `${key}: ${JSON.stringify(write)}, but version ${finalVersion} is there`,
    ),
    wrongSums: found(
      ({ report }) => report.wrongSums,
      ({ key, reason }) => `${key}: ${reason}`,
    ),
    inventedValues: found(
      ({ report }) => report.invented,
      (operation) => JSON.stringify(operation),
    ),
    unreadKeys: sum(episodes.map((episode) => episode.unreadKeys)),
    stuck: found(
      (episode) => (episode.stuck === undefined ? [] : [episode.stuck]),
      (what) => what,
    ),
    crashes: found(
      (episode) => episode.crashes,
      (what) => what,
    ),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

function spreadsBy(kinds: readonly string[], gaps: readonly number[]): Record<string, GapSpread> {
  const spreads: Record<string, GapSpread> = {};
  for (const kind of new Set(kinds)) spreads[kind] = gapSpreadOf(gaps.filter((_, index) => kinds[index] === kind))!;
  return spreads;
}

function countOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
