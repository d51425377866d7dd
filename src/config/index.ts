/** Options of a node: their table (`optionSpecs`), and the resolution of their values (`resolveOptions`). */
export {
  type Address,
  joinAddress,
  parseAddress,
  parseAddressList,
  readAddress,
} from './address.js';
export { type ClusterPlace, resolveClusterPlace } from './cluster-place.js';
export { locateRoot } from './connect-string.js';
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
