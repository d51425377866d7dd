/** The kinds of options, and what is known of each: the form of the table in option-specs.ts. */

export const optionGroups = ['Listening', 'Cluster', 'Data', 'Timing', 'Limits', 'Log'] as const;
export type OptionGroup = (typeof optionGroups)[number];

interface CommonSpec {
  readonly group: OptionGroup;
  readonly description: string;
  /** A second name, as a flag. */
  readonly alias?: string;
}

export interface IntegerSpec extends CommonSpec {
  readonly type: 'integer';
  readonly default: number;
  readonly minimum: number;
  readonly maximum: number;
  /** Shown in the help; part of the name as well where it is a time or a size. */
  readonly unit?: 'ms' | 'bytes';
}

/** A number whose absence switches a part of the node off, such as the port of HTTP. */
export interface OptionalIntegerSpec extends Omit<IntegerSpec, 'default'> {
  readonly default: undefined;
  readonly defaultDescription: string;
}

/** A number of bytes, plain or with KiB, MiB or GiB. */
export interface SizeSpec extends CommonSpec {
  readonly type: 'size';
  readonly default: undefined;
  readonly defaultDescription: string;
  readonly minimum: number;
  readonly maximum: number;
}

export interface StringSpec extends CommonSpec {
  readonly type: 'string';
  /** Undefined: the default is derived, as `defaultDescription` explains. */
  readonly default: string | undefined;
  readonly defaultDescription?: string;
  readonly choices?: readonly string[];
  /** The value may contain a password: no message shows it. */
  readonly isSecret?: boolean;
  /** The reason why a value is impossible; undefined if it is possible. */
  readonly refusal?: (value: string) => string | undefined;
  /** The canonical spelling of a value. */
  readonly canonical?: (value: string) => string;
}

/** An option without a value on the command line; in other sources it is true or false. */
export interface FlagSpec extends CommonSpec {
  readonly type: 'flag';
  readonly default: false;
}

export type OptionSpec = IntegerSpec | OptionalIntegerSpec | SizeSpec | StringSpec | FlagSpec;

/** The type of the values of an option. */
export type ValueOf<Spec> = Spec extends FlagSpec
  ? boolean
  : Spec extends IntegerSpec
    ? number
    : Spec extends SizeSpec | OptionalIntegerSpec
      ? number | undefined
      : Spec extends { choices: readonly (infer Choice)[]; default: infer Default }
        ? Choice | Default
        : Spec extends { default: undefined }
          ? string | undefined
          : string;
