/** Runs the programs of examples/python as docs/other-languages.md describes: stubs made by protoc, plain gRPC. */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = new URL('../../../', import.meta.url).pathname;
const programs = join(root, 'examples/python');
/** The system's Python, for which scripts/setup installs gRPC. */
const interpreter = process.env.KVNODE_PYTHON ?? '/usr/bin/python3';
const stubPlugin = process.env.KVNODE_GRPC_PYTHON_PLUGIN ?? '/usr/bin/grpc_python_plugin';
const timeoutMs = 60_000;

export class PythonExamples implements AsyncDisposable {
  readonly #stubs: string;
  readonly #running = new Set<ChildProcessWithoutNullStreams>();

  /** @throws Error with the message of protoc; scripts/setup installs missing programs */
  static async prepare(): Promise<PythonExamples> {
    const stubs = await mkdtemp(join(tmpdir(), 'kvnode-python-'));
    const outputs = [`--python_out=${stubs}`, `--grpc_out=${stubs}`, `--plugin=protoc-gen-grpc=${stubPlugin}`];
    await promisify(execFile)('protoc', [`--proto_path=${join(root, 'proto')}`, ...outputs, 'kv/v1/kv.proto']);
    return new PythonExamples(stubs);
  }

  private constructor(stubs: string) {
    this.#stubs = stubs;
  }

  /** @returns the lines that the program printed. @throws Error with its stderr if it fails */
  async run(program: string, ...words: string[]): Promise<string[]> {
    const options = { env: this.#environment, timeout: timeoutMs };
    const { stdout } = await promisify(execFile)(interpreter, [join(programs, program), ...words], options);
    return stdout.trimEnd().split('\n');
  }

  /** Starts a program that runs until its stdin ends. */
  start(program: string, ...words: string[]): ChildProcessWithoutNullStreams {
    const child = spawn(interpreter, [join(programs, program), ...words], { env: this.#environment });
    this.#running.add(child);
    child.once('close', () => this.#running.delete(child));
    return child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) child.kill('SIGKILL');
    await rm(this.#stubs, { recursive: true });
  }

  get #environment(): NodeJS.ProcessEnv {
    return { ...process.env, PYTHONPATH: this.#stubs, PYTHONDONTWRITEBYTECODE: '1' };
  }
}
