/** The command line of kvnode: the option table in the form of yargs. `config` checks the values. */
import yargs from 'yargs';
import { flagOf, type OptionName, type OptionSpec, optionGroups, optionNames, optionSpecs } from '../config/index.js';
import { packageVersion } from '../version.js';
import { throwUsageError } from './usage-error.js';

export interface NodeCommandLine {
  readonly given: Partial<Record<OptionName, unknown>>;
  readonly configPath: string | undefined;
}

/** Prints and ends the process for --help and --version. @throws KvError INVALID_OPTION for an unknown option. */
export async function parseNodeCommandLine(args: readonly string[]): Promise<NodeCommandLine> {
  const parser = yargs([...args])
    .scriptName('kvnode')
    .usage('$0 [options]\n\nRuns one storage node until a signal stops it.')
    // Every value stays a string: yargs would turn "abc" into NaN and 0x10 into 16, so that `config` could not refuse
    // them.
    .parserConfiguration({
      'parse-numbers': false,
      'duplicate-arguments-array': false,
      'boolean-negation': false,
      'camel-case-expansion': false,
    })
    .option('config', { type: 'string', requiresArg: true, describe: 'JSON file of options, such as {"port": 9091}' });
  for (const name of optionNames) {
    const spec: OptionSpec = optionSpecs[name];
    const { alias = [] } = spec;
    if (spec.type === 'flag') parser.option(flagOf(name), { alias, type: 'boolean', describe: describe(spec) });
    else parser.option(flagOf(name), { alias, requiresArg: true, describe: describe(spec), defaultDescription: defaultOf(spec) });
  }
  for (const group of optionGroups) {
    parser.group(optionNames.filter((name) => optionSpecs[name].group === group).map(flagOf), `${group}:`);
  }
  const parsed = await parser
    .group(['config', 'help', 'version'], 'General:')
    .strictOptions()
    .demandCommand(0, 0, undefined, 'takes no arguments other than options')
    .epilogue(epilogue)
    .version(packageVersion())
    .wrap(Math.min(120, process.stdout.columns ?? 120))
    .fail(throwUsageError)
    .parseAsync();
  const given: Partial<Record<OptionName, unknown>> = {};
  for (const name of optionNames) given[name] = parsed[flagOf(name)];
  return { given, configPath: parsed.config };
}

const epilogue = `Each option can also be set in the environment (--beacon-ms as KVNODE_BEACON_MS, --config as KVNODE_CONFIG) and in the
config file ({"beacon-ms": 150}). The command line wins over the environment, which wins over the file.

Signals: on SIGUSR2 the node stops for a restart: it hands over the shards that it leads, and they stay its own for
--replace-after-ms. On SIGQUIT it leaves for good: its shards are copied to other nodes first. SIGTERM and SIGINT mean SIGUSR2
with --data-dir, and SIGQUIT without, where the data ends with the process. SIGHUP is ignored.

Exit codes: 0 stopped; 1 failed, with the reason on stderr; 2 an option is wrong; 128 + signal number: a second SIGTERM
or SIGINT ended the node at once, without a handover.`;

/** A size in the largest unit that divides it. */
function legibleBytes(bytes: number): string {
  const [unit, size] = bytes % 2 ** 20 === 0 ? ['MiB', 2 ** 20] : ['KiB', 2 ** 10];
  return `${bytes / (size as number)}${unit}`;
}

function describe(spec: OptionSpec): string {
  if (spec.type === 'string')
    return spec.choices === undefined ? spec.description : `${spec.description} (${spec.choices.join(', ')})`;
  if (spec.type === 'flag') return spec.description;
  if (spec.type === 'size') return `${spec.description} (such as 4GiB; at least ${legibleBytes(spec.minimum)})`;
  const unit = spec.unit === undefined ? '' : `${spec.unit}, `;
  return `${spec.description} (${unit}${spec.minimum} to ${spec.maximum})`;
}

function defaultOf(spec: OptionSpec): string {
  return ('defaultDescription' in spec ? spec.defaultDescription : undefined) ?? String(spec.default);
}
