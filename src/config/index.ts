/** Options of a node: what they are (`optionSpecs`), and how they become values (`resolveOptions`). */
export {
  type Address,
  formatAddress,
  formatAddresses,
  joinAddress,
  parseAddress,
  parseAddressList,
  type Reading,
  readAddress,
} from './address.js';
export { readConnectString, readZnodePath } from './connect-string.js';
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
