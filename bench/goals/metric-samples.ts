/** The samples of a node's metrics, as `/metrics` lists them. */
import type { NodeProcess } from '../../local/node-process.js';

export interface Sample {
  /** The name with its labels. */
  readonly series: string;
  readonly value: number;
}

/** The node needs --http-port. */
export async function samplesOf({ httpAddress }: NodeProcess): Promise<Sample[]> {
  const answer = await fetch(`http://${httpAddress}/metrics`);
  return samplesIn(await answer.text());
}

function samplesIn(text: string): Sample[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const space = line.lastIndexOf(' ');
    return { series: line.slice(0, space), value: Number(line.slice(space)) };
  });
}

export function sumOf(samples: readonly Pick<Sample, 'value'>[]): number {
  return samples.reduce((sum, { value }) => sum + value, 0);
}
