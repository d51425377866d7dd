#!/usr/bin/env node
/**
 * The entry of kvnode. It installs the signal handlers before it loads the node, which takes some tenths of a second.
 */
import { answerVersion } from './early-version.js';
import { loadProgram } from './load-program.js';
import { closeLostTerminals } from './lost-terminal.js';
import { StopSignals } from './stop-signals.js';

/**
 * A node itself uses about 25 descriptors, and more than 60 while it is loaded. Each client takes one, each other node
 * two.
 */
const neededDescriptors = 128;

answerVersion();
const signals = new StopSignals();
process.once('exit', closeLostTerminals);
const { runNode } = await loadProgram('kvnode', neededDescriptors, () => import('./run-node.js'));
await runNode(signals);
