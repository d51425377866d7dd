/** The rpcs that answer one request about a shard with a stream of messages: dumps, scans of a copy, and scans of keys. */
import { ReplyStream } from '../../transport/index.js';
import { scanCopyRequestTable, scanCopyRpc } from '../../wire/copies/copy-messages.js';
import { dumpRequestTable, dumpShardRpc } from '../../wire/dump/dump-parts.js';
import { scanRequestTable, scanRpc } from '../../wire/scan/scan-messages.js';
import type { MemoryBudget } from '../capacity/memory-budget.js';
import { CopyServer } from '../copies/copy-server.js';
import { DumpServer } from '../dumps/dump-server.js';
import type { MoveRate } from '../peers/snapshot-pace.js';
import { type ScanCounts, ScanServer } from '../scans/scan-server.js';
import type { NodeShards } from '../shards/node-shards.js';
import type { ShardDirectory } from '../shards/shard-directory.js';
import type { FrameHandler, ServedFrames } from './frame-server.js';
import { oneRequest } from './one-request.js';

export interface ShardStreamsParts {
  readonly nodeId: string;
  readonly directory: ShardDirectory;
  readonly shards: Pick<NodeShards, 'at'>;
  readonly budget: Pick<MemoryBudget, 'maxDumpBytes' | 'maxScanBytes'>;
  /** Bounds dumps and scans of copies together with the snapshots of the node. */
  readonly rate: MoveRate;
  readonly scanCounts: ScanCounts;
}

export class ShardStreams {
  readonly dumps: DumpServer;
  readonly copies: CopyServer;
  readonly scans: ScanServer;

  constructor({ nodeId, directory, shards, budget, rate, scanCounts }: ShardStreamsParts) {
    const { shardCount } = directory;
    const replicaAt = (shard: number) => shards.at(shard);
    this.dumps = new DumpServer({ nodeId, shardCount, rate, maxHeldBytes: budget.maxDumpBytes, replicaAt });
    this.copies = new CopyServer({ nodeId, shardCount, rate, replicaAt: (shard) => shards.at(shard)?.host });
    this.scans = new ScanServer({ nodeId, directory, maxHeldBytes: budget.maxScanBytes, counts: scanCounts, replicaAt });
  }

  /** Over frames. */
  get handlers(): ServedFrames['handlers'] {
    return {
      [dumpShardRpc]: streamed(
        (message) => dumpRequestTable.decode(message),
        (request, reply) => this.dumps.serve(request, reply),
      ),
      [scanCopyRpc]: streamed(
        (message) => scanCopyRequestTable.decode(message),
        (request, reply) => this.copies.scan(request, reply),
      ),
      [scanRpc]: streamed(
        (message) => scanRequestTable.decode(message),
        (request, reply) => this.scans.serve(request, reply),
      ),
    };
  }

  /** Ends the streams, which would keep the ports from closing. */
  close(): void {
    this.dumps.close();
    this.copies.close();
    this.scans.close();
  }
}

function streamed<Request>(
  decode: (message: Buffer) => Request,
  serve: (request: Request, reply: ReplyStream) => void,
): FrameHandler {
  return oneRequest(decode, (request, stream) => {
    const reply = new ReplyStream(stream);
    serve(request, reply);
    return reply;
  });
}
