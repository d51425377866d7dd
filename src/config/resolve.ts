/**
 * Resolves the options of a node from all their sources to one value each.
 *
 * The command line wins over the environment, the environment over the config file, and the file over the default. An
 * overridden value is not checked. Guarantees that every value has its type and range, and that the relations hold.
 */
import { readConfigFile } from './config-file.js';
import { type Environment, readEnvironment } from './environment.js';
import { flagOf, type OptionName, type OptionValues, optionNames, optionSpecs } from './option-specs.js';
import { defaultLabel, parseValue, type RawOption } from './parse-value.js';
import { checkDataDir, checkRelations, checkState } from './relations.js';

export interface OptionSources {
  /** Values given on the command line, by option name; undefined where not given. */
  readonly commandLine: Readonly<Partial<Record<OptionName, unknown>>>;
  readonly environment: Environment;
  /** Overrides KVNODE_CONFIG. */
  readonly configPath?: string | undefined;
  /** Options that the caller uses; values of other options are not checked. Default: all. */
  readonly used?: readonly OptionName[];
}

export interface ResolvedOptions {
  readonly values: OptionValues;
  /** To be logged once there is a logger, one sentence each. */
  readonly warnings: readonly string[];
}

/** @throws KvError INVALID_OPTION naming the option, the value received and the reason. */
export function resolveOptions(sources: OptionSources): ResolvedOptions {
  const environment = readEnvironment(sources.environment);
  const configPath = sources.configPath ?? nonEmpty(sources.environment.KVNODE_CONFIG);
  const given = [
    ...(configPath === undefined ? [] : readConfigFile(configPath)),
    ...environment.options,
    ...readCommandLine(sources.commandLine),
  ];
  const values: Partial<Record<OptionName, string | number | boolean | undefined>> = {};
  const labels: Partial<Record<OptionName, string>> = {};
  for (const name of optionNames) {
    values[name] = optionSpecs[name].default;
    labels[name] = defaultLabel(name);
  }
  // Only the values in use are checked: the user may not have set an overridden value.
  const used = new Set<OptionName>(sources.used ?? optionNames);
  for (const raw of new Map(given.map((one) => [one.name, one])).values()) {
    if (!used.has(raw.name)) continue;
    values[raw.name] = parseValue(raw);
    labels[raw.name] = raw.label;
  }
  const complete = values as OptionValues;
  checkRelations(complete, labels as Record<OptionName, string>);
  // A command that knows no data directory may set the durability of a cluster.
  if (used.has('dataDir')) {
    checkDataDir(complete, labels as Record<OptionName, string>);
    checkState(complete, labels as Record<OptionName, string>);
  }
  return { values: complete, warnings: environment.warnings };
}

function readCommandLine(given: OptionSources['commandLine']): RawOption[] {
  return optionNames.flatMap((name): RawOption[] => {
    const value = given[name];
    return value === undefined ? [] : [{ name, value, label: `--${flagOf(name)}` }];
  });
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
