/**
 * `npm run faults`: kills, freezes and cuts off real processes under load, and checks the answers that clients
 * received.
 */
import { faultsExitCodes, parseFaultsCommandLine } from './command-line.js';
import { profiles } from './profiles/profiles.js';
import { runProfile } from './profiles/run-profile.js';
import type { ProfileResult } from './results/profile-result.js';
import { renderProfileReport } from './results/report.js';

async function main(): Promise<number> {
  const commandLine = await parseFaultsCommandLine(process.argv.slice(2)).catch((error: unknown) => error as Error);
  if (commandLine instanceof Error) {
    process.stderr.write(`faults: ${commandLine.message}\n`);
    return faultsExitCodes.usage;
  }
  if (commandLine.list) {
    for (const { name, minutes, description } of profiles)
      process.stdout.write(`${name.padEnd(24)} ${minutes} min  ${description}\n`);
    return faultsExitCodes.passed;
  }
  const results: ProfileResult[] = [];
  const { seed, json, keep } = commandLine;
  for (const profile of commandLine.profiles) {
    const minutes = commandLine.minutes ?? profile.minutes;
    process.stderr.write(`${profile.name}, seed ${seed}: ${profile.description}; ${minutes} min\n`);
    const print = (line: string): void => void process.stderr.write(`  ${line}\n`);
    results.push(await runProfile(profile, { seed, minutes, keep, print }));
  }
  process.stdout.write(json ? `${JSON.stringify({ seed, results }, undefined, 2)}\n` : renderProfileReport(results));
  return results.every(({ passed }) => passed) ? faultsExitCodes.passed : faultsExitCodes.found;
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`faults: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return faultsExitCodes.failed;
});
