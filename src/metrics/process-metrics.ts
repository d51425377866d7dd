/** The metrics of the process, its connections, and its view of the cluster. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { DelaySeconds } from './event-loop-delay.js';
import type { NodeFacts } from './node-facts.js';
import { residentBytes } from './resident-memory.js';

const gauges: readonly (readonly [name: string, help: string, valueFrom: (facts: NodeFacts) => number])[] = [
  // The first four have the names that Prometheus gives them for every process.
  ['process_start_time_seconds', 'When the process began, since 1970', () => performance.timeOrigin / 1_000],
  ['process_resident_memory_bytes', 'Resident memory', residentBytes],
  ['process_open_fds', 'File descriptors that are open', ({ descriptors }) => descriptors.open],
  ['process_max_fds', 'File descriptors that may be open', ({ descriptors }) => descriptors.allowed],
  ['kvnode_memory_limit_bytes', 'What the process may take (--max-memory)', ({ limits }) => limits.memoryBytes],
  ['kvnode_disk_bytes', 'Room that the data directory takes; 0: there is none', ({ diskBytes }) => diskBytes],
  ['kvnode_disk_limit_bytes', 'What the data directory may take (--max-data)', ({ limits }) => limits.diskBytes],
  [
    'kvnode_state_waiting_bytes',
    'Bytes that wait to be written to the database; 0: there is none',
    ({ database }) => database?.overlayBytes ?? 0,
  ],
  [
    'kvnode_state_lag_entries',
    'Entries that are applied and not committed in the database, of all replicas together',
    ({ database }) => database?.lagEntries ?? 0,
  ],
  [
    'kvnode_state_unflushed_entries',
    'Entries that are applied and not flushed in the database, of all replicas together',
    ({ database }) => database?.unflushedEntries ?? 0,
  ],
  ['kvnode_state_waiting_reads', 'Reads that wait for the database', ({ database }) => database?.waitingReads ?? 0],
  [
    'kvnode_state_silent_seconds',
    'How long the oldest call of the database has waited for its answer',
    ({ database }) => (database?.silentMs ?? 0) / 1_000,
  ],
  ['kvnode_state_bytes', 'Size of the database; 0: not known', ({ database }) => database?.sizeBytes ?? 0],
  ['kvnode_ready', '1 while the node is in sync everywhere it should be, as /readyz tells', ({ ready }) => Number(ready)],
  ['kvnode_zookeeper_connected', '1 while the session with ZooKeeper is connected', (facts) => Number(facts.zookeeperConnected)],
  ['kvnode_nodes', 'Nodes registered in ZooKeeper, as last reported', ({ nodes }) => nodes],
  ['kvnode_draining', '1 while this node is drained (kvctl drain)', ({ draining }) => Number(draining)],
  ['kvnode_format_in_use', 'The version of the format that the cluster uses', ({ format }) => format.inUse],
  ['kvnode_format_newest', 'The newest version of the format that the node supports', ({ format }) => format.newest],
  [
    'kvnode_grpc_connections',
    'Open connections to the port for gRPC and frames, those of other nodes included',
    (facts) => facts.grpcConnections,
  ],
  ['kvnode_kept_calls', 'Unary calls and HTTP requests that are kept until their shard is served', ({ keptCalls }) => keptCalls],
  ['kvnode_pipelines', 'Open streams of kv.v1.KeyValue/Pipeline', ({ pipelines }) => pipelines],
];

export class ProcessMetrics {
  readonly #cpu: Counter;
  readonly #logLinesDropped: Counter;
  readonly #frames: Counter<'peer' | 'direction'>;
  readonly #frameBytes: Counter<'peer' | 'direction'>;
  readonly #pending: Gauge<'api'>;
  readonly #cut: Counter<'reason'>;
  readonly #delay: Gauge<'statistic'>;
  readonly #setters: readonly ((facts: NodeFacts) => void)[];

  constructor(registers: Registry[]) {
    this.#cpu = new Counter({ name: 'process_cpu_seconds_total', help: 'CPU time, of user and system', registers });
    const dropped = 'Lines of the log that could not be written';
    this.#logLinesDropped = new Counter({ name: 'kvnode_log_lines_dropped_total', help: dropped, registers });
    const labelNames = ['peer', 'direction'] as const;
    const frames = 'Messages on streams, each of which may carry many operations; peer: client or node';
    this.#frames = new Counter({ name: 'kvnode_frames_total', help: frames, labelNames, registers });
    const frameBytes = 'Bytes of the messages on streams; peer: client or node';
    this.#frameBytes = new Counter({ name: 'kvnode_frame_bytes_total', help: frameBytes, labelNames, registers });
    const pending = 'Operations that have not been answered, by how they came in; single: unary and REST';
    this.#pending = new Gauge({ name: 'kvnode_pending_operations', help: pending, labelNames: ['api'], registers });
    const cut = 'Connections to that port that the node refused or cut off';
    this.#cut = new Counter({ name: 'kvnode_connections_cut_total', help: cut, labelNames: ['reason'], registers });
    const delay = 'How late the event loop was in the last ten seconds that are over';
    this.#delay = new Gauge({ name: 'kvnode_event_loop_delay_seconds', help: delay, labelNames: ['statistic'], registers });
    this.#setters = gauges.map(([name, help, valueFrom]) => {
      const gauge = new Gauge({ name, help, registers });
      return (facts) => gauge.set(valueFrom(facts));
    });
  }

  set(facts: NodeFacts, delay: DelaySeconds): void {
    const { user, system } = process.cpuUsage();
    this.#cpu.reset();
    this.#cpu.inc((user + system) / 1e6);
    this.#logLinesDropped.reset();
    this.#logLinesDropped.inc(facts.logLinesDropped);
    this.#setFrames(facts.frames);
    for (const [api, count] of Object.entries(facts.pending)) this.#pending.set({ api }, count);
    this.#cut.reset();
    for (const [reason, count] of Object.entries(facts.cutConnections)) this.#cut.inc({ reason }, count);
    for (const [statistic, seconds] of Object.entries(delay)) this.#delay.set({ statistic }, seconds);
    for (const set of this.#setters) set(facts);
  }

  #setFrames(frames: NodeFacts['frames']): void {
    this.#frames.reset();
    this.#frameBytes.reset();
    for (const [peer, { sent, received, sentBytes, receivedBytes }] of Object.entries(frames)) {
      this.#frames.inc({ peer, direction: 'sent' }, sent);
      this.#frames.inc({ peer, direction: 'received' }, received);
      this.#frameBytes.inc({ peer, direction: 'sent' }, sentBytes);
      this.#frameBytes.inc({ peer, direction: 'received' }, receivedBytes);
    }
  }
}
