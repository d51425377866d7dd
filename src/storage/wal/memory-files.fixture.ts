/** A file system in memory, which can lose what was not flushed, fail, and be full. */
import { dirname } from 'node:path';
import { sectorBytes } from './batch-format.js';
import type { LogFiles } from './log-files.js';

interface StoredFile {
  content: Buffer;
  /** What is on the device. */
  durable: Buffer;
  /** The content when a flush failed: the kernel takes it for written, so no later flush writes it. */
  given?: Buffer;
}

export type FileOperation = keyof LogFiles;

function fileError(code: string): Error {
  return Object.assign(new Error(`${code}: the test lets it fail`), { code });
}

export class MemoryFiles implements LogFiles {
  readonly files: Map<string, StoredFile>;
  /** Names on the device. */
  #durableNames: Map<string, StoredFile>;
  readonly #open = new Map<number, { path: string; readonly file: StoredFile }>();
  #next = 1;
  /** All files together are no larger. */
  capacity = Number.POSITIVE_INFINITY;
  /** Called before each operation, with the path that it is about. What it throws is the operation's error. */
  before: (operation: FileOperation, path: string) => void = () => {};

  constructor(files = new Map<string, StoredFile>()) {
    this.files = files;
    this.#durableNames = new Map(files);
  }

  get openFiles(): number {
    return this.#open.size;
  }

  makeFolder(folder: string): void {
    this.before('makeFolder', folder);
  }

  list(folder: string): string[] {
    this.before('list', folder);
    return [...this.files.keys()].filter((path) => dirname(path) === folder).map((path) => path.slice(folder.length + 1));
  }

  open(path: string, how: 'create' | 'change' | 'read'): number {
    this.before('open', path);
    if (how === 'create') this.files.set(path, { content: Buffer.alloc(0), durable: Buffer.alloc(0) });
    const file = this.files.get(path);
    if (file === undefined) throw fileError('ENOENT');
    this.#open.set(this.#next, { path, file });
    return this.#next++;
  }

  read(number: number, into: Uint8Array, position: number): number {
    return this.#of('read', number).content.copy(into, 0, position);
  }

  write(number: number, bytes: Uint8Array, position: number): number {
    const file = this.#of('write', number);
    const end = position + bytes.length;
    if (end > file.content.length) {
      const used = [...this.files.values()].reduce((sum, { content }) => sum + content.length, 0);
      if (used + end - file.content.length > this.capacity) throw fileError('ENOSPC');
      file.content = Buffer.concat([file.content, Buffer.alloc(end - file.content.length)]);
    }
    file.content.set(bytes, position);
    return bytes.length;
  }

  flush(number: number): void {
    const { path, file } = this.#opened(number);
    try {
      this.before('flush', path);
    } catch (error) {
      file.given = Buffer.from(file.content);
      throw error;
    }
    const { content, durable, given = Buffer.alloc(0) } = file;
    const flushed = Buffer.from(content);
    for (let at = 0; at < given.length; at += sectorBytes) {
      const end = at + sectorBytes;
      if (!content.subarray(at, end).equals(given.subarray(at, end))) continue;
      flushed.fill(0, at, end);
      durable.copy(flushed, at, at, end);
    }
    file.durable = flushed;
  }

  flushFolder(folder: string): void {
    this.before('flushFolder', folder);
    this.#durableNames.clear();
    for (const [path, file] of this.files) this.#durableNames.set(path, file);
  }

  close(number: number): void {
    this.#of('close', number);
    this.#open.delete(number);
  }

  rename(from: string, to: string): void {
    this.before('rename', from);
    const file = this.files.get(from);
    if (file === undefined) throw fileError('ENOENT');
    this.files.set(to, file);
    for (const open of this.#open.values()) if (open.file === file) open.path = to;
    this.files.delete(from);
  }

  remove(path: string): void {
    this.before('remove', path);
    this.files.delete(path);
  }

  /** What is left when the process ends, but not the machine. */
  afterExit(): MemoryFiles {
    const copies = new Map<StoredFile, StoredFile>();
    for (const file of [...this.files.values(), ...this.#durableNames.values()]) {
      copies.set(file, { content: Buffer.from(file.content), durable: file.durable });
    }
    const copyOfAll = (names: Map<string, StoredFile>) => new Map([...names].map(([path, file]) => [path, copies.get(file)!]));
    const left = new MemoryFiles(copyOfAll(this.files));
    left.#durableNames = copyOfAll(this.#durableNames);
    return left;
  }

  /** What is left when the power fails. `isWritten` decides for each sector that was not flushed whether it was written. */
  afterPowerLoss(isWritten: (path: string, sector: number) => boolean): MemoryFiles {
    const left = new Map<string, StoredFile>();
    for (const [path, { content, durable }] of this.#durableNames) {
      const bytes = Buffer.concat([durable, Buffer.alloc(Math.max(0, content.length - durable.length))]);
      for (let at = 0; at < content.length; at += sectorBytes) {
        if (isWritten(path, at / sectorBytes)) content.copy(bytes, at, at, at + sectorBytes);
      }
      left.set(path, { content: bytes, durable: Buffer.from(bytes) });
    }
    return new MemoryFiles(left);
  }

  #of(operation: FileOperation, number: number): StoredFile {
    const { path, file } = this.#opened(number);
    this.before(operation, path);
    return file;
  }

  #opened(number: number): { readonly path: string; readonly file: StoredFile } {
    const open = this.#open.get(number);
    if (open === undefined) throw fileError('EBADF');
    return open;
  }
}
