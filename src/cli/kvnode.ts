#!/usr/bin/env node
/** The entry of kvnode: the handlers of signals come first, and then the node is loaded, which takes some tenths of a second. */
import { loadProgram } from './load-program.js';
import { closeLostTerminals } from './lost-terminal.js';
import { StopSignals } from './stop-signals.js';

const signals = new StopSignals();
process.once('exit', closeLostTerminals);
const { runNode } = await loadProgram('kvnode', () => import('./run-node.js'));
await runNode(signals);
