/** The conformance suite of FrameStream. It runs against both transports, between a real client and a real server on this machine. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KvError } from '../errors.js';
import { type FrameListener, type FrameStream, maxFrameBytes, maxQueuedBytes, type OpeningListener } from './frame-stream.js';

/** The server's end of a new rpc. */
export interface ServedRpc {
  readonly clusterId: string;
  accept(listener: FrameListener): FrameStream;
  refuse(error: KvError): void;
}

export interface ConformanceServer extends AsyncDisposable {
  dial(clusterId: string, listener: OpeningListener): FrameStream;
  /** Destroys all sockets of the server, as the death of its process does. */
  breakConnections(): void;
}

/** The cluster that the server names when it accepts. */
export const serverCluster = 'the-cluster';

/** A listener that records its events, and lets a test wait for them. */
class Recorder implements OpeningListener {
  readonly frames: Buffer[] = [];
  readonly events: string[] = [];
  closedWith: KvError | undefined;
  #wake: (() => void)[] = [];

  get bytes(): number {
    return this.frames.reduce((sum, frame) => sum + frame.length, 0);
  }

  onAccepted(clusterId: string): void {
    this.#note(`accepted ${clusterId}`);
  }
  onFrame(frame: Buffer): void {
    // A listener may not keep the memory of a frame.
    this.frames.push(Buffer.from(frame));
    this.#note('frame');
  }
  onDrain(): void {
    this.#note('drain');
  }
  onEnd(): void {
    this.#note('end');
  }
  onClosed(error: KvError | undefined): void {
    this.closedWith = error;
    this.#note(error === undefined ? 'closed' : `closed ${error.code}`);
  }

  #note(event: string): void {
    this.events.push(event);
    for (const wake of this.#wake.splice(0)) wake();
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }
  untilEvent(event: string): Promise<void> {
    return this.until(() => this.events.includes(event));
  }
}

const texts = (recorder: Recorder): string[] => recorder.frames.map(String);

export function describeFrameStream(name: string, open: (onRpc: (rpc: ServedRpc) => void) => Promise<ConformanceServer>): void {
  describe(`frame stream over ${name}`, () => {
    let server: ConformanceServer;
    let client: Recorder;
    let atServer: Recorder;
    let served: FrameStream;
    let onRpc: (rpc: ServedRpc) => void;
    const rpcs: ServedRpc[] = [];

    beforeEach(async () => {
      client = new Recorder();
      atServer = new Recorder();
      rpcs.length = 0;
      onRpc = (rpc) => {
        served = rpc.accept(atServer);
      };
      server = await open((rpc) => {
        rpcs.push(rpc);
        onRpc(rpc);
      });
    });
    afterEach(() => server[Symbol.asyncDispose]());

    const dial = (clusterId = ''): FrameStream => server.dial(clusterId, client);
    const dialAccepted = async (): Promise<FrameStream> => {
      const stream = dial();
      await client.untilEvent(`accepted ${serverCluster}`);
      return stream;
    };

    it('names the cluster of the caller in the opening, and that of the server in the acceptance', async () => {
      dial('my-cluster');
      await client.untilEvent(`accepted ${serverCluster}`);
      expect(rpcs.map(({ clusterId }) => clusterId)).toEqual(['my-cluster']);
    });

    it('frames sent before the acceptance arrive, whole and in order', async () => {
      const stream = dial();
      for (const text of ['one', '', 'three']) stream.send(Buffer.from(text));
      await atServer.until(() => atServer.frames.length === 3);
      expect(texts(atServer)).toEqual(['one', '', 'three']);
    });

    it('frames of every size travel in both directions, unchanged', async () => {
      const sizes = [0, 1, 4_095, 4_096, 4_097, 65_535, 65_536, 1_000_000];
      const frames = sizes.map((size) => Buffer.alloc(size, size % 251));
      const stream = await dialAccepted();
      for (const frame of frames) stream.send(frame);
      await atServer.until(() => atServer.frames.length === frames.length);
      for (const frame of atServer.frames) served.send(frame);
      await client.until(() => client.frames.length === frames.length);
      expect(client.frames.map((frame, index) => frame.equals(frames[index]!))).toEqual(frames.map(() => true));
    });

    it('after the half-close of the client the server still sends, and ends the rpc', async () => {
      const stream = await dialAccepted();
      stream.send(Buffer.from('question'));
      stream.end();
      await atServer.untilEvent('end');
      expect(texts(atServer)).toEqual(['question']);
      served.send(Buffer.from('answer'));
      served.end();
      await client.until(() => client.events.at(-1)?.startsWith('closed') === true);
      expect(texts(client)).toEqual(['answer']);
      expect(client.events.at(-1)).toBe('closed');
    });

    it('a refusal reaches the client with everything that it says', async () => {
      onRpc = (rpc) => rpc.refuse(new KvError('WRONG_CLUSTER', 'another cluster', { clusterId: 'theirs' }));
      dial();
      await client.untilEvent('closed WRONG_CLUSTER');
      expect(client.closedWith).toMatchObject({ message: 'another cluster', executed: 'no', clusterId: 'theirs' });
    });

    it('frames that the server sent before it failed the rpc arrive before the error', async () => {
      await dialAccepted();
      served.send(Buffer.from('last'));
      served.fail(new KvError('STOPPING', 'the node stops'));
      await client.untilEvent('closed STOPPING');
      expect(texts(client)).toEqual(['last']);
    });

    it('when the client gives the rpc up, both ends close once', async () => {
      const stream = await dialAccepted();
      stream.cancel();
      stream.cancel();
      await atServer.untilEvent('closed CANCELLED');
      expect(client.events.filter((event) => event.startsWith('closed'))).toEqual(['closed CANCELLED']);
    });

    it('when the connection breaks, the client does not know what was executed', async () => {
      await dialAccepted();
      server.breakConnections();
      await client.until(() => client.closedWith !== undefined);
      expect(client.closedWith).toMatchObject({ executed: 'unknown' });
    });

    it('a server without a listener on its port is unreachable, and nothing was sent', async () => {
      await server[Symbol.asyncDispose]();
      dial();
      await client.until(() => client.closedWith !== undefined);
      expect(client.closedWith).toMatchObject({ code: 'UNREACHABLE', executed: 'no' });
    });

    it('nothing is sent or reported after the end', async () => {
      const stream = await dialAccepted();
      stream.cancel();
      const events = [...client.events];
      expect(stream.send(Buffer.from('late'))).toBe(true);
      stream.end();
      stream.resume();
      await atServer.untilEvent('closed CANCELLED');
      expect(client.events).toEqual(events);
      expect(atServer.frames).toEqual([]);
    });

    it('a receiver that reads nothing stops the sender, whose queue stays bounded, and loses nothing once it reads', async () => {
      const stream = await dialAccepted();
      served.pause();
      const frame = Buffer.alloc(64 * 1024, 7);
      let sent = 0;
      // More than all buffers on the way can hold.
      for (let round = 0; round < 2_000; round++) {
        sent += 1;
        if (!stream.send(frame)) break;
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(sent).toBeLessThan(2_000);
      expect(stream.queuedBytes).toBeLessThan(maxQueuedBytes + 2 * frame.length);
      expect(client.events).not.toContain('drain');
      served.resume();
      await client.untilEvent('drain');
      await atServer.until(() => atServer.frames.length === sent);
      expect(atServer.bytes).toBe(sent * frame.length);
    });

    it('a frame beyond the limit ends the rpc', async () => {
      const stream = await dialAccepted();
      stream.send(Buffer.alloc(maxFrameBytes + 1));
      await client.until(() => client.closedWith !== undefined);
      expect(client.closedWith).toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
      expect(atServer.frames).toEqual([]);
    });
  });
}
