/** Figures of a process from the operating system. Linux only. */
import { readFile } from 'node:fs/promises';

/** The unit in which the kernel reports CPU time, on every architecture of Node.js. */
const ticksPerSecond = 100;
/** Indices of fields in /proc/PID/stat, counted after the program's name, which may hold any character. */
const fields = { userTicks: 11, systemTicks: 12 } as const;

/** CPU time of all its threads so far. */
export async function cpuMsOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1');
  const words = text.slice(text.lastIndexOf(') ') + 2).split(' ');
  const ticks = Number(words[fields.userTicks]) + Number(words[fields.systemTicks]);
  return (ticks * 1_000) / ticksPerSecond;
}

export async function residentBytesOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'latin1');
  const kibibytes = /^VmRSS:\s*(\d+) kB$/m.exec(text)?.[1];
  if (kibibytes === undefined) throw new Error(`/proc/${pid}/status has no VmRSS`);
  return Number(kibibytes) * 1_024;
}
