/** Tries whether a node accepts frames, while its link is one of gRPC. */
import { FrameLink } from './frame-link.js';
import type { OpenGrpc } from './frame-transport.js';
import type { LinkParts } from './link.js';

export class FramesProbe {
  #link: FrameLink | undefined;

  get isRunning(): boolean {
    return this.#link !== undefined;
  }

  /** @param ended called once, unless the probe is closed before. */
  start(parts: LinkParts, openGrpc: OpenGrpc, ended: (isAccepted: boolean) => void): void {
    const end = (isAccepted: boolean): void => {
      this.close('frames were tried beside gRPC');
      ended(isAccepted);
    };
    const events = { onReady: () => end(true), onFailed: () => end(false), onLost() {} };
    this.#link = new FrameLink({ ...parts, events }, openGrpc);
    this.#link.connect();
  }

  close(reason: string): void {
    this.#link?.close(reason);
    this.#link = undefined;
  }
}
