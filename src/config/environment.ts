/**
 * Options from the environment, `KVNODE_BEACON_MS` for `--beacon-ms`.
 *
 * Variables of that prefix that are no option are reported, not refused: an orchestrator may set some of its own
 * (a Kubernetes service named kvnode adds KVNODE_SERVICE_HOST and more).
 */
import { flagsOf, optionNames, variableOf } from './option-specs.js';
import type { RawOption } from './parse-value.js';

/** Read elsewhere: the path of the config file, and addresses for the client tools. */
const foreignVariables = new Set(['KVNODE_CONFIG', 'KVNODE_NODES']);

export type Environment = Readonly<Record<string, string | undefined>>;

export interface EnvironmentOptions {
  readonly options: readonly RawOption[];
  /** Names with the prefix that mean nothing to a node. */
  readonly unknownVariables: readonly string[];
}

export function readEnvironment(environment: Environment): EnvironmentOptions {
  const variables = new Set(optionNames.flatMap(flagsOf).map(variableOf));
  const options = optionNames.flatMap((name) =>
    flagsOf(name).flatMap((flag): RawOption[] => {
      const label = variableOf(flag);
      const value = environment[label];
      // Set but empty is how compose files and unit files say "not set".
      return value === undefined || value === '' ? [] : [{ name, value, label }];
    }),
  );
  const unknownVariables = Object.keys(environment)
    .filter((name) => name.startsWith('KVNODE_') && !variables.has(name) && !foreignVariables.has(name))
    .sort();
  return { options, unknownVariables };
}
