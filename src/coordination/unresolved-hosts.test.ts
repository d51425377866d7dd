import { expect, test } from 'vitest';
import { unresolvedHosts } from './unresolved-hosts.js';

const unknownName = () => Promise.reject(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }));
const resolve = (host: string) => (host === 'typo' ? unknownName() : Promise.resolve());

test('unresolved hosts - are named with the reason of the resolver', async () => {
  expect(await unresolvedHosts('zk-1:2181,typo:2181', resolve)).toBe('; the name typo does not resolve (ENOTFOUND)');
});

test('unresolved hosts - nothing is said of those that have an address', async () => {
  expect(await unresolvedHosts('127.0.0.1:2181,[::1]:2181')).toBe('');
});

test('unresolved hosts - a resolver that does not answer keeps nobody waiting', async () => {
  expect(await unresolvedHosts('zk-1:2181', () => new Promise(() => {}))).toBe('');
});
