/** Writes the file of --report. The parts of the page come from the installed packages. */
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { KvError } from '../../src/errors.js';
import { packageVersion } from '../../src/version.js';
import type { BenchRun } from '../run.js';
import { type PageParts, renderPage } from './page.js';
import { pageStyle } from './page-style.js';

/** Checks before the measurement that the file can be written. @throws KvError INVALID_OPTION */
export async function prepareReportFile(path: string): Promise<void> {
  try {
    await appendFile(path, '');
  } catch (error) {
    throw new KvError('INVALID_OPTION', `--report: "${path}" cannot be written: ${(error as Error).message}`, { cause: error });
  }
}

export async function writeReportFile(path: string, run: BenchRun): Promise<void> {
  await writeFile(path, renderPage(run, await readPageParts()));
}

export async function readPageParts(): Promise<PageParts> {
  const { resolve } = createRequire(import.meta.url);
  const [libraryProgram, libraryStyle, libraryLicence, chartsProgram] = await Promise.all(
    [
      resolve('uplot/dist/uPlot.iife.min.js'),
      resolve('uplot/dist/uPlot.min.css'),
      resolve('uplot/LICENSE'),
      new URL('./charts.js', import.meta.url),
    ].map((path) => readFile(path, 'utf8')),
  );
  return {
    version: packageVersion(),
    libraryProgram: libraryProgram!,
    libraryStyle: libraryStyle!,
    libraryLicence: libraryLicence!,
    // The build adds a reference to a source map, which a page in one file does not have.
    chartsProgram: chartsProgram!.replace(/^\/\/# sourceMappingURL=.*$/m, ''),
    style: pageStyle,
  };
}
