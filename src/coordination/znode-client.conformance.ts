/**
 * The conformance suite of ZnodeClient. It runs against the real ZooKeeper and against its twin in memory.
 *
 * Tests work below `base`, a znode of their own, and wait for events only.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anyVersion, type ZnodeClient, ZnodeError } from './znode-client.js';

export interface ConformanceClient {
  readonly client: ZnodeClient;
  /** Breaks the connection until `resume`. */
  suspend(): void;
  resume(): void;
  /** Ends the client's session at the server. The client then finds that out by itself. */
  expire(): Promise<void>;
}

export interface ConformanceTarget {
  open(): Promise<ConformanceClient>;
  /** Opens a client without a proxy, so its connection cannot be broken. */
  openPlain(): Promise<ZnodeClient>;
}

/** Records events as words, and waits for them. */
export class EventLog {
  readonly events: string[] = [];
  #wake: (() => void)[] = [];

  constructor(client: ZnodeClient) {
    client.listen({
      onConnected: (_sessionId, fresh) => this.#note(fresh ? 'connected fresh' : 'connected'),
      onSuspended: () => this.#note('suspended'),
      onExpired: () => this.#note('expired'),
      onChanged: (path) => this.#note(`changed ${path}`),
    });
  }

  #note(event: string): void {
    this.events.push(event);
    for (const wake of this.#wake.splice(0)) wake();
  }

  next(): Promise<void> {
    return new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  async until(event: string): Promise<void> {
    while (!this.events.includes(event)) await this.next();
  }
}

const noWatch = { watch: false };
const watch = { watch: true };
const empty = Buffer.alloc(0);

export function describeZnodeClient(name: string, target: () => ConformanceTarget): void {
  describe(`znode client, ${name}`, () => {
    let first: ConformanceClient;
    let second: ConformanceClient;
    let one: ZnodeClient;
    let other: ZnodeClient;
    const base = `/conformance-${process.pid}-${Date.now()}`;
    let tests = 0;

    async function newParent(): Promise<string> {
      tests += 1;
      const path = `${base}/${tests}`;
      await one.create(path, empty, 'persistent');
      return path;
    }

    beforeAll(async () => {
      first = await target().open();
      second = await target().open();
      one = first.client;
      other = second.client;
      await one.create(base, empty, 'persistent');
    });

    afterAll(async () => {
      first.suspend();
      second.suspend();
      await one.close();
      await other.close();
    });

    it('create - distinguishes created, exists and no parent', async () => {
      const path = await newParent();
      expect(await one.create(`${path}/a`, Buffer.from('1'), 'persistent')).toEqual({ kind: 'created', path: `${path}/a` });
      expect(await one.create(`${path}/a`, Buffer.from('2'), 'persistent')).toEqual({ kind: 'exists' });
      expect(await one.create(`${path}/b/c`, empty, 'persistent')).toEqual({ kind: 'missing' });
      expect(await one.get(`${path}/a`, noWatch)).toEqual({
        data: Buffer.from('1'),
        stat: { version: 0, ephemeralOwner: undefined },
      });
    });

    it('create - sequential znodes get growing ten-digit numbers and belong to the session', async () => {
      const path = await newParent();
      const made = [];
      for (const client of [one, other, one]) {
        const result = await client.create(`${path}/n_`, empty, 'ephemeralSequential');
        made.push(result.kind === 'created' ? result.path : result.kind);
      }
      expect(made).toEqual([0, 1, 2].map((sequence) => `${path}/n_${String(sequence).padStart(10, '0')}`));
      expect((await other.stat(made[0] ?? '', noWatch))?.ephemeralOwner).toBe(one.sessionId);
      expect((await one.stat(made[1] ?? '', noWatch))?.ephemeralOwner).toBe(other.sessionId);
      expect(one.sessionId).not.toBe(other.sessionId);
    });

    it('set - is a compare-and-set on the version, also on version 0', async () => {
      const path = await newParent();
      expect(await one.set(path, Buffer.from('x'), 0)).toEqual({ kind: 'set', version: 1 });
      expect(await one.set(path, Buffer.from('y'), 0)).toEqual({ kind: 'conflict' });
      expect(await one.set(path, Buffer.from('z'), anyVersion)).toEqual({ kind: 'set', version: 2 });
      expect(await one.set(`${path}/none`, empty, 0)).toEqual({ kind: 'missing' });
      expect((await one.get(path, noWatch))?.data.toString()).toBe('z');
    });

    it('delete - distinguishes its four outcomes', async () => {
      const path = await newParent();
      await one.create(`${path}/a`, empty, 'persistent');
      expect(await one.delete(path, 0)).toEqual({ kind: 'notEmpty' });
      expect(await one.delete(`${path}/a`, 1)).toEqual({ kind: 'conflict' });
      expect(await one.delete(`${path}/a`, 0)).toEqual({ kind: 'deleted' });
      expect(await one.delete(`${path}/a`, anyVersion)).toEqual({ kind: 'missing' });
    });

    it('reads - a missing znode is undefined, an empty one is empty', async () => {
      const path = await newParent();
      expect(await one.get(`${path}/a`, noWatch)).toBeUndefined();
      expect(await one.stat(`${path}/a`, noWatch)).toBeUndefined();
      expect(await one.children(`${path}/a`, noWatch)).toBeUndefined();
      expect((await one.children(path, noWatch))?.names).toEqual([]);
      expect((await one.get(path, noWatch))?.data).toEqual(empty);
    });

    it('children - their version grows with each child created or deleted, and with nothing else', async () => {
      const path = await newParent();
      const versions = [(await one.children(path, noWatch))!.version];
      const change = async (what: () => Promise<unknown>) => {
        await what();
        versions.push((await one.children(path, noWatch))!.version);
      };
      await change(() => one.create(`${path}/a`, empty, 'persistent'));
      await change(() => one.create(`${path}/n_`, empty, 'ephemeralSequential'));
      await change(() => one.delete(`${path}/a`, anyVersion));
      expect([...new Set(versions)]).toHaveLength(4);
      expect(versions).toEqual([...versions].sort((left, right) => left - right));
      await change(() => one.set(path, Buffer.from('x'), anyVersion));
      expect(versions.at(-1)).toBe(versions.at(-2));
    });

    it('sync - a later read sees a write that was acknowledged to another client', async () => {
      const path = await newParent();
      await other.set(path, Buffer.from('new'), 0);
      await one.sync(path);
      expect((await one.get(path, noWatch))?.data.toString()).toBe('new');
    });

    it('watch - hints at a change of data, of children, and at birth', async () => {
      const path = await newParent();
      const log = new EventLog(one);
      await one.get(path, watch);
      await other.set(path, Buffer.from('x'), 0);
      await log.until(`changed ${path}`);

      const parent = await newParent();
      await one.children(parent, watch);
      await one.stat(`${parent}/a`, watch);
      await other.create(`${parent}/a`, empty, 'persistent');
      await log.until(`changed ${parent}`);
      await log.until(`changed ${parent}/a`);
    });

    it('connection loss - the suspended client sends nothing, and its session continues', async () => {
      const path = await newParent();
      const log = new EventLog(one);
      const created = await one.create(`${path}/n_`, empty, 'ephemeralSequential');
      const { sessionId } = one;
      first.suspend();
      await log.until('suspended');
      expect(one.status).toBe('suspended');
      const refused = await one.set(path, empty, 0).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(ZnodeError);
      expect(refused).toMatchObject({ executed: 'no' });
      first.resume();
      await log.until('connected');
      expect(one.sessionId).toBe(sessionId);
      expect(one.status).toBe('connected');
      expect(await one.stat(created.kind === 'created' ? created.path : '', noWatch)).toBeDefined();
      expect((await one.stat(path, noWatch))?.version).toBe(0);
    });

    it('connection loss - an unanswered call is rejected as unknown', async () => {
      const path = await newParent();
      const log = new EventLog(one);
      const pending = one.set(path, empty, 0).then(
        () => 'answered',
        (error: unknown) => error,
      );
      first.suspend();
      expect(await pending).toMatchObject({ name: 'ZnodeError', executed: 'unknown' });
      first.resume();
      await log.until('connected');
    });

    it('proof - on the first connection of a session reads are proven as of the request for the session', async () => {
      const askedMs = performance.now();
      const client = await target().openPlain();
      expect(client.provenMs).toBeGreaterThanOrEqual(askedMs);
      expect(client.provenMs).toBeLessThanOrEqual(performance.now());
      await client.close();
    });

    it.each<readonly [what: string, write: (path: string) => Promise<unknown>]>([
      ['create', (path) => one.create(`${path}/a`, empty, 'persistent')],
      ['set', (path) => one.set(path, empty, anyVersion)],
      ['delete', (path) => one.delete(path, anyVersion)],
    ])('proof - a %s that was answered proves what is read after it, from when it was sent', async (_, write) => {
      const path = await newParent();
      const sentMs = performance.now();
      const pending = write(path);
      const submittedMs = performance.now();
      expect(one.provenMs).toBeLessThan(sentMs);
      await pending;
      expect(one.provenMs).toBeGreaterThanOrEqual(sentMs);
      expect(one.provenMs).toBeLessThanOrEqual(submittedMs);
    });

    it('proof - after a reconnection of the same session reads are unproven until a write was answered', async () => {
      const path = await newParent();
      const log = new EventLog(one);
      const unanswered = one.set(path, empty, anyVersion).catch(() => 'not answered');
      first.suspend();
      await log.until('suspended');
      await unanswered;
      first.resume();
      await log.until('connected');
      expect(one.provenMs).toBe(Number.NEGATIVE_INFINITY);
      await one.sync(path);
      await one.get(path, noWatch);
      await one.children(path, watch);
      expect(one.provenMs).toBe(Number.NEGATIVE_INFINITY);
      const sentMs = performance.now();
      await one.set(path, empty, anyVersion);
      expect(one.provenMs).toBeGreaterThanOrEqual(sentMs);
    });

    it('proof - with several writes in flight reads are proven as of the newest answered write', async () => {
      const path = await newParent();
      const writes = [one.set(path, empty, anyVersion), one.set(path, empty, anyVersion)];
      await writes[0];
      const lastMs = performance.now();
      const last = one.set(path, empty, anyVersion);
      await Promise.all([...writes, last]);
      expect(one.provenMs).toBeGreaterThanOrEqual(lastMs);
    });

    it('expiry - deletes the ephemeral znodes, and the client opens a new session', async () => {
      const path = await newParent();
      const log = new EventLog(one);
      const created = await one.create(`${path}/n_`, empty, 'ephemeralSequential');
      const before = one.sessionId;
      const expiredMs = performance.now();
      await first.expire();
      await log.until('connected fresh');
      expect(one.provenMs).toBeGreaterThanOrEqual(expiredMs);
      expect(log.events.filter((event) => !event.startsWith('changed'))).toEqual(['suspended', 'expired', 'connected fresh']);
      expect(one.sessionId).not.toBe(before);
      await one.sync(path);
      expect(await one.stat(created.kind === 'created' ? created.path : '', noWatch)).toBeUndefined();
      expect(await one.create(`${path}/n_`, empty, 'ephemeralSequential')).toMatchObject({ kind: 'created' });
    });

    it('close - ends the session, can be repeated, and refuses later requests', async () => {
      const path = await newParent();
      const client = await target().openPlain();
      const created = await client.create(`${path}/n_`, empty, 'ephemeralSequential');
      const createdPath = created.kind === 'created' ? created.path : '';
      const log = new EventLog(one);
      await one.stat(createdPath, watch);
      await Promise.all([client.close(), client.close()]);
      expect(client.status).toBe('closed');
      await log.until(`changed ${createdPath}`);
      expect(await one.stat(createdPath, noWatch)).toBeUndefined();
      await expect(client.get(path, noWatch)).rejects.toMatchObject({ executed: 'no' });
    });
  });
}
