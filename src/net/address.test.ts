import { expect, test } from 'vitest';
import { splitAddress } from './address.js';

test.each([
  ['zk-1.example:2181', 'zk-1.example', 2181],
  ['127.0.0.1:1', '127.0.0.1', 1],
  ['[::1]:65535', '::1', 65_535],
])('address %s', (address, host, port) => {
  expect(splitAddress(address)).toEqual({ host, port });
});
