#!/usr/bin/env node
/** The entry of kvbench, which measures the throughput of a cluster. */
import { answerVersion } from '../src/cli/early-version.js';

answerVersion();
await import('./run-kvbench.js');
