/**
 * Runs a profile in episodes. Each episode has its own cluster and its own seed, so that memory and the time of the
 * checks stay bounded in a long run. The history and the logs of an episode with a finding are kept.
 */
import { cp, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { nowUs } from '../clients/client-recorder.js';
import { RunScope } from '../network/run-scope.js';
import { type ProfileResult, summarize } from '../results/profile-result.js';
import { type Episode, foundNothing, runEpisode } from './episode.js';
import type { Profile } from './profile.js';

export interface ProfileOptions {
  readonly seed: number;
  readonly minutes: number;
  /** Whether the history and the logs of every episode are kept. */
  readonly keep: boolean;
  readonly print: (line: string) => void;
}

const longestEpisodeMs = 300_000;
const keptPrefix = 'kvnode-faults-kept-';

export async function runProfile(profile: Profile, { seed, minutes, keep, print }: ProfileOptions): Promise<ProfileResult> {
  const episodes: Episode[] = [];
  const count = Math.max(1, Math.ceil((minutes * 60_000) / longestEpisodeMs));
  for (let index = 0; index < count; index += 1) {
    const startedAtMs = performance.now();
    const lines: string[] = [];
    const timed = (line: string): void => {
      print(`${((performance.now() - startedAtMs) / 1_000).toFixed(1).padStart(6)} s  ${line}`);
      // The time is on the clock of the history, and on the wall clock as in the logs of the nodes.
      lines.push(`${nowUs().toFixed(0)} ${new Date().toISOString()} ${line}
`);
    };
    await using scope = await RunScope.open();
    const durationMs = (minutes * 60_000) / count;
    const episode = await runEpisode({ profile, seed: seed + index, durationMs, scope, print: timed });
    const isWell = foundNothing(episode);
    if (!isWell || keep)
      print(`${isWell ? '' : 'a check FAILED; '}history and logs are in ${await keepEpisode(profile, episode, scope, lines)}`);
    episodes.push(episode);
  }
  return summarize(profile.name, episodes);
}

/** Keeps the logs without the data of ZooKeeper, and the history with one operation per line. */
async function keepEpisode(profile: Profile, episode: Episode, scope: RunScope, lines: readonly string[]): Promise<string> {
  const { seed, history, report, stuck, crashes, schedule } = episode;
  const folder = await mkdtemp(join(tmpdir(), `${keptPrefix}${profile.name}-${seed}-`));
  const filter = (source: string): boolean => source === scope.folder || basename(source).endsWith('.log');
  await cp(scope.folder, folder, { recursive: true, filter });
  await writeFile(join(folder, 'history.jsonl'), history.map((operation) => `${JSON.stringify(operation)}\n`).join(''));
  await writeFile(join(folder, 'faults.txt'), lines.join(''));
  await writeFile(join(folder, 'found.json'), JSON.stringify({ seed, stuck, crashes, report, schedule }, undefined, 2));
  return folder;
}
