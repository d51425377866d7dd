import { setTimeout as pause } from 'node:timers/promises';
import type { CallOptions, KvClient } from '../../../client/index.js';
import { KvError } from '../../../errors.js';
import { describeError } from '../../explain.js';
import { type ExitCode, exitCodes } from '../exit-codes.js';
import type { Output } from '../output.js';
import { type GatheredCluster, gatherCluster } from '../status/gather.js';
import { DrainEstimate, drainProgress, renderProgress } from './drain-progress.js';

/** The pause between two requests to the cluster. */
const lookMs = 250;
/** The pause between two reports if stderr is not a terminal. */
const reportMs = 10_000;

export interface DrainWait {
  readonly client: KvClient;
  readonly nodeId: string;
  readonly call: CallOptions & { readonly signal: AbortSignal };
  readonly output: Output;
}

/**
 * Shows what remains, until the node holds nothing.
 * @throws KvError NOT_DRAINED if the drain is taken back meanwhile
 */
export async function waitUntilDrained({ client, nodeId, call, output }: DrainWait): Promise<ExitCode> {
  const startMs = performance.now();
  const estimate = new DrainEstimate();
  const reports = new Reports(output);
  let wasSeen = false;
  try {
    for (;;) {
      const view = await look(client, call, reports);
      if (view !== undefined) {
        const node = view.topology.nodes.find(({ id }) => id === nodeId);
        wasSeen ||= node?.draining === true;
        if (wasSeen && node?.draining === false)
          throw new KvError('NOT_DRAINED', `the drain of node ${nodeId} was taken back meanwhile`);
        const progress = drainProgress(view, nodeId);
        const answers = view.answers.some((answer) => answer.node.id === nodeId && answer.status !== undefined);
        if (progress.shards === 0 && (answers || node === undefined)) break;
        reports.report(renderProgress(nodeId, progress, estimate.note(progress.bytes, performance.now())));
      }
      await pause(lookMs, undefined, { signal: call.signal });
    }
  } catch (error) {
    if (!call.signal.aborted) throw error;
    output.remark(`the drain of node ${nodeId} goes on; "kvctl undrain ${nodeId}" takes it back`);
    return exitCodes.partlyDone;
  } finally {
    output.endProgress();
  }
  const seconds = (performance.now() - startMs) / 1000;
  output.result(`node ${nodeId} holds nothing any more, after ${seconds.toFixed(1)} s`, {
    nodeId,
    draining: true,
    drained: true,
    seconds,
  });
  return exitCodes.ok;
}

/** @returns undefined if no node has answered; the drain goes on. */
async function look(client: KvClient, call: DrainWait['call'], reports: Reports): Promise<GatheredCluster | undefined> {
  try {
    return await gatherCluster(client, call);
  } catch (error) {
    if (call.signal.aborted) throw error;
    reports.report(`no node answers: ${describeError(error)}`);
    return undefined;
  }
}

/** On a terminal every report overwrites the last one. Elsewhere a report is written only now and then. */
class Reports {
  readonly #output: Output;
  #nextMs = Number.NEGATIVE_INFINITY;

  constructor(output: Output) {
    this.#output = output;
  }

  report(text: string): void {
    const nowMs = performance.now();
    if (process.stderr.isTTY !== true && nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + reportMs;
    this.#output.progress(text);
  }
}
