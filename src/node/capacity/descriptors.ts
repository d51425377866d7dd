/**
 * The file descriptors of this process: how many are open, how many may be, and whether there are any left. Each connection takes
 * one. A process that has none left cannot accept a connection, nor open one to another node or to ZooKeeper, and Node.js reports
 * neither: clients only see connections that close.
 *
 * So this class tries once a second to open a file. The log reports once that none is left, and once that this is over.
 */
import { closeSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import type { Logger } from 'pino';

/** The use of descriptors, for the log and the status. NaN: this system does not report that number. */
export interface DescriptorUse {
  readonly open: number;
  readonly allowed: number;
  /** Undefined while enough are left. */
  readonly problem: string | undefined;
}

/** The part of the operating system that is used here. */
export interface DescriptorSystem {
  open(): number;
  allowed(): number;
  /** Opens a file and closes it again. @throws as `open` does, with EMFILE or ENFILE where there is no descriptor left. */
  attempt(): void;
}

const lookEveryMs = 1_000;
/** One look in this many counts the descriptors: counting may mean listing them all. */
const looksPerCount = 10;
/** Looks that have to succeed, one after the other, before a shortage counts as over: connections come and go. */
const looksUntilOver = 5;
/** An operator is warned while this part of the allowed descriptors is in use. */
const nearlyAll = 0.9;
/** With fewer allowed descriptors than this a node warns at its start: each client takes one, each other node two. */
const fewDescriptors = 1_024;

const advice = 'raise the limit (LimitNOFILE= of systemd, ulimit -n, docker run --ulimit nofile=)';

export class Descriptors implements DescriptorUse {
  readonly #logger: Logger;
  readonly #system: DescriptorSystem;
  readonly #timer: NodeJS.Timeout;
  #allowed: number;
  #looks = 0;
  #shortage: { readonly code: string; readonly sinceMs: number; good: number } | undefined;
  #isNearlyAll = false;

  constructor(logger: Logger, system: DescriptorSystem = systemDescriptors) {
    this.#logger = logger;
    this.#system = system;
    this.#allowed = system.allowed();
    if (this.#allowed < fewDescriptors)
      logger.warn({ allowed: this.#allowed }, `few files and connections may be open at once in this process; ${advice}`);
    this.#timer = setInterval(() => this.look(), lookEveryMs);
    this.#timer.unref();
  }

  get open(): number {
    return this.#system.open();
  }

  get allowed(): number {
    return this.#allowed;
  }

  get problem(): string | undefined {
    if (this.#shortage?.code === 'ENFILE')
      return 'the machine has no file descriptor left (ENFILE): no new connection can be accepted or made; raise fs.file-max';
    if (this.#shortage !== undefined)
      return `all ${this.#allowed} file descriptors are in use (EMFILE): no new connection can be accepted or made; ${advice}`;
    if (this.#isNearlyAll) return `more than nine tenths of the ${this.#allowed} file descriptors are in use; ${advice}`;
    return undefined;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Runs once a second by itself. */
  look(): void {
    const code = this.#attempt();
    if (code !== undefined) this.#missing(code);
    else if (this.#shortage !== undefined) this.#found(this.#shortage);
    else if (this.#looks++ % looksPerCount === 0) this.#count();
  }

  #attempt(): string | undefined {
    try {
      this.#system.attempt();
      return undefined;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Any other error has nothing to do with descriptors.
      return code === 'EMFILE' || code === 'ENFILE' ? code : undefined;
    }
  }

  #missing(code: string): void {
    const isNew = this.#shortage === undefined;
    this.#shortage = { code, sinceMs: this.#shortage?.sinceMs ?? performance.now(), good: 0 };
    if (!isNew) return;
    const { allowed } = this;
    this.#logger.error({ code, allowed }, `no file descriptor is left: no new connection can be accepted or made; ${advice}`);
  }

  #found(shortage: { readonly sinceMs: number; good: number }): void {
    shortage.good += 1;
    if (shortage.good < looksUntilOver) return;
    this.#shortage = undefined;
    const forMs = Math.round(performance.now() - shortage.sinceMs);
    this.#logger.info({ forMs, open: this.open, allowed: this.#allowed }, 'file descriptors are left again');
  }

  #count(): void {
    const allowed = this.#system.allowed();
    this.#allowed = allowed;
    const { open } = this;
    const wasNearlyAll = this.#isNearlyAll;
    this.#isNearlyAll = open > nearlyAll * allowed;
    if (this.#isNearlyAll && !wasNearlyAll)
      this.#logger.warn({ open, allowed }, `more than nine tenths of the file descriptors are in use; ${advice}`);
  }
}

const ownDescriptors = '/proc/self/fd';

const systemDescriptors: DescriptorSystem = {
  open(): number {
    try {
      // Since Linux 6.2 the size is their number. Before it is 0, and they have to be listed, which takes one more.
      return statSync(ownDescriptors).size || readdirSync(ownDescriptors).length - 1;
    } catch {
      return Number.NaN;
    }
  },
  allowed(): number {
    try {
      const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
      return Number(limit ?? Number.NaN);
    } catch {
      return Number.NaN;
    }
  },
  attempt(): void {
    closeSync(openSync('/dev/null', 'r'));
  },
};
