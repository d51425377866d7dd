import { describe, expect, test } from 'vitest';
import { benchParser, parseBenchCommandLine } from './command-line.js';

describe('kvbench - command line', () => {
  test('defaults', async () => {
    expect(await parseBenchCommandLine([])).toEqual({
      target: { zk: 'localhost:2181', root: '/kvstore' },
      workload: {
        threads: 4,
        durationMs: 10_000,
        keyspace: 1_000,
        api: 'pipeline',
        transport: 'auto',
        distribution: 'uniform',
        readRatio: 0.5,
        valueBytes: 100,
        inFlight: 16,
        seed: 1,
        deadlineMs: 10_000,
        prefill: true,
        verify: false,
      },
      json: false,
    });
  });

  test('given values', async () => {
    const args = '--nodes a:1,b:2 --threads 2 --duration 0.5 --read-ratio 1 --no-prefill --verify --json'.split(' ');
    args.push('--api', 'unary', '--distribution', 'zipf', '--report', 'a file.html');
    expect(await parseBenchCommandLine(args)).toMatchObject({
      target: { nodes: ['a:1', 'b:2'] },
      workload: { threads: 2, durationMs: 500, readRatio: 1, api: 'unary', distribution: 'zipf', prefill: false, verify: true },
      json: true,
      reportFile: 'a file.html',
    });
  });

  test('the address of the cluster - has one spelling, and the error for a mistake names its option', async () => {
    const targetOf = async (words: string) => (await parseBenchCommandLine(words.split(' '))).target;
    expect(await targetOf('--nodes [0::1]:9090')).toEqual({ nodes: ['[::1]:9090'] });
    expect(await targetOf('--zk [0::1]:2181/ --root /a/')).toEqual({ zk: '[::1]:2181', root: '/a' });
    await expect(targetOf('--nodes a:1,::1:9090')).rejects.toThrow('--nodes: "a:1,::1:9090" holds "::1:9090", which must be');
    await expect(targetOf('--zk a')).rejects.toThrow('--zk: "a" must be host:port');
    await expect(targetOf('--root a')).rejects.toThrow('--root: "a" must be a path');
  });

  test('a transport - is one of those of the client', async () => {
    for (const transport of ['auto', 'tcp', 'grpc'])
      expect(await parseBenchCommandLine(['--transport', transport])).toMatchObject({ workload: { transport } });
  });

  test('a rate - is that of all threads, and the default of --in-flight is then higher', async () => {
    expect(await parseBenchCommandLine(['--rate', '2500'])).toMatchObject({ workload: { rate: 2_500, inFlight: 1_024 } });
    const args = ['--rate', '0.5', '--in-flight', '8'];
    expect(await parseBenchCommandLine(args)).toMatchObject({ workload: { rate: 0.5, inFlight: 8 } });
  });

  test('small values - are refused with --verify', async () => {
    expect(await parseBenchCommandLine(['--value-bytes', '0'])).toMatchObject({ workload: { valueBytes: 0 } });
    expect(await parseBenchCommandLine(['--value-bytes', '48', '--verify'])).toMatchObject({ workload: { valueBytes: 48 } });
  });

  test('the help - has the range and the default of every number', async () => {
    const help = (await benchParser([]).getHelp()).replace(/\s+/g, ' ');
    for (const option of ['in-flight', 'rate']) expect(help).toMatch(new RegExp(`--${option} [^(]*\\([\\d.]+ to \\d+\\)`));
    for (const option of ['threads', 'duration', 'keyspace', 'read-ratio', 'value-bytes', 'seed', 'deadline-ms'])
      expect(help).toMatch(new RegExp(`--${option} [^(]*\\([\\d.]+ to \\d+\\) \\[string\\] \\[default: [\\d.]+\\]`));
  });

  test.each([
    ['--threads 0', '--threads: "0" must be a whole number from 1'],
    ['--threads 1.5', '--threads: "1.5" must be a whole number'],
    ['--duration soon', '--duration: "soon" must be a number'],
    ['--distribution normal', '--distribution: "normal" must be uniform or zipf'],
    ['--rate 0', '--rate: "0" must be a number from 0.1'],
    ['--rate fast', '--rate: "fast" must be a number'],
    ['--api rest', '--api: "rest" must be pipeline or unary'],
    ['--transport udp', '--transport: "udp" must be auto or tcp or grpc'],
    ['--report=', '--report: the name of the file is empty'],
    ['--read-ratio 1.1', '--read-ratio: "1.1" must be a number from 0 to 1'],
    ['--value-bytes -1', '--value-bytes: "-1" must be a whole number from 0'],
    ['--value-bytes 47 --verify', '--verify needs --value-bytes of at least 48'],
    ['--threads 1 --threads 2', '--threads is given more than once'],
    ['--json --json', '--json is given more than once'],
    ['--nodes a:1 --zk b:2', '--nodes excludes --zk'],
    ['--verify --keyspace 3', 'a key for each thread'],
    ['--unknown 1', 'Unknown argument: unknown'],
    ['positional', 'Unknown argument: positional'],
    ['--zk', 'Not enough arguments following: zk'],
  ])('%s - is refused', async (line, message) => {
    await expect(parseBenchCommandLine(line.split(' '))).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(message),
    });
  });
});
