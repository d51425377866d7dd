/** Options of a node: what they are (`optionSpecs`), and how they become values (`resolveOptions`). */
export {
  flagOf,
  type OptionName,
  type OptionSpec,
  optionGroups,
  optionNames,
  optionSpecs,
  variableOf,
} from './option-specs.js';
export { resolveOptions } from './resolve.js';
