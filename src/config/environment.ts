/**
 * Options from the environment, `KVNODE_BEACON_MS` for `--beacon-ms`.
 *
 * An orchestrator may set variables of the same prefix. Kubernetes does so in every pod for a service named `kvnode`
 * or `kvnode-...`: `KVNODE_PORT=tcp://10.43.7.9:9090`, `KVNODE_SERVICE_HOST` and more. kvnode recognizes and ignores
 * these variables. It reports every other unknown variable of that prefix, since it may be a misspelt option.
 */
import { flagsOf, optionNames, variableOf } from './option-specs.js';
import type { RawOption } from './parse-value.js';

/** Variables that other files read: the path of the config file, and addresses for the client tools. */
const foreignVariables = new Set(['KVNODE_CONFIG', 'KVNODE_NODES']);

export type Environment = Readonly<Record<string, string | undefined>>;

export interface EnvironmentOptions {
  readonly options: readonly RawOption[];
  /** One sentence for each variable that a node ignores. */
  readonly warnings: readonly string[];
}

export function readEnvironment(environment: Environment): EnvironmentOptions {
  const known = new Set([...optionNames.flatMap(flagsOf).map(variableOf), ...foreignVariables]);
  const ofPlatform = Object.keys(environment).filter((name) => isOfPlatform(name, environment[name] ?? '', known));
  const options = optionNames.flatMap((name) =>
    flagsOf(name).flatMap((flag): RawOption[] => {
      const label = variableOf(flag);
      const value = environment[label];
      // Compose files and unit files express "not set" by an empty value.
      return value === undefined || value === '' || ofPlatform.includes(label) ? [] : [{ name, value, label }];
    }),
  );
  const unknown = Object.keys(environment).filter(
    (name) => name.startsWith('KVNODE_') && !known.has(name) && !ofPlatform.includes(name),
  );
  return { options, warnings: [...describePlatform(ofPlatform), ...unknown.sort().map(describeUnknown)] };
}

/** `KVNODE_PORT`, or `KVNODE_HTTP_PORT` of a service named kvnode-http, with an address of that service. */
const portOfService = /^KVNODE_(?:[A-Z0-9_]+_)?PORT$/;
const addressOfService = /^(?:tcp|udp|sctp):\/\//;
const factOfService = /^KVNODE_(?:[A-Z0-9_]+_)?(?:SERVICE_(?:HOST|PORT)|PORT_[0-9]+_(?:TCP|UDP|SCTP))(?:_[A-Z0-9_]+)?$/;

function isOfPlatform(name: string, value: string, known: ReadonlySet<string>): boolean {
  if (portOfService.test(name) && addressOfService.test(value)) return true;
  return !known.has(name) && factOfService.test(name);
}

function describePlatform(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const variables = [...names].sort().join(', ');
  return [`the platform has set variables for a service whose name begins with kvnode; they are ignored: ${variables}`];
}

function describeUnknown(name: string): string {
  return `${name} is set but is not an option of kvnode`;
}
