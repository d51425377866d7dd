/** Describes the machine of a run, for the readers of its figures. */
import { statfs } from 'node:fs/promises';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';

export interface MachineDescription {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGiB: number;
  readonly node: string;
  /** The load average of the minute before the run. It shows other load on the machine. */
  readonly loadAverage: number;
  /** True if the folder for temporary files is in memory. Then flushing costs etcd nothing. */
  readonly temporaryFilesInMemory: boolean;
}

const tmpfsMagic = 0x01021994;

export async function describeMachine(): Promise<MachineDescription> {
  const processors = cpus();
  const { type } = await statfs(tmpdir());
  return {
    cores: processors.length,
    cpu: processors[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    node: process.version,
    loadAverage: Math.round(loadavg()[0]! * 10) / 10,
    temporaryFilesInMemory: type === tmpfsMagic,
  };
}

export function machineText({ cores, cpu, memoryGiB, node, loadAverage, temporaryFilesInMemory }: MachineDescription): string {
  const files = temporaryFilesInMemory ? 'temporary files in memory' : 'temporary files on disk';
  return `${cores} cores (${cpu}), ${memoryGiB} GiB, Node.js ${node}, ${files}, load average ${loadAverage} before the run`;
}
