#!/usr/bin/env node
/** The entry of kvctl: a client of a cluster for the shell. */
import { answerVersion } from './early-version.js';

answerVersion();
await import('./run-kvctl.js');
