#!/usr/bin/env node
/** The entry of kvnode: the handlers of signals come first, and then the node is loaded, which takes some tenths of a second. */
import { loadProgram } from './load-program.js';
import { closeLostTerminals } from './lost-terminal.js';
import { StopSignals } from './stop-signals.js';

/** A node has some 25 open by itself, and more than 60 while it is loaded; each client takes one, each other node two. */
const neededDescriptors = 128;

const signals = new StopSignals();
process.once('exit', closeLostTerminals);
const { runNode } = await loadProgram('kvnode', neededDescriptors, () => import('./run-node.js'));
await runNode(signals);
