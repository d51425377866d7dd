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
  type ClusterOption,
  clusterOptions,
  flagOf,
  type OptionName,
  optionNames,
  optionSpecs,
  variableOf,
} from './option-specs.js';
export { type OptionSpec, optionGroups } from './option-types.js';
export { resolveOptions } from './resolve.js';
