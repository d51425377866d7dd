/** Receives a message: checks its history and epoch (R1, R8), then handles it by the role of this replica. */

import { answerBeacon, onRequest, refuseOther } from './follower/follower.js';
import { maybeCommit, maybeServe } from './primary/commit.js';
import { onAppendAnswer, onBeaconAnswer, onOtherHistory, onSyncAnswer } from './primary/replicate.js';
import { endOf } from './protocol/lineage.js';
import type { Body, Message, RequestBody, ResponseBody } from './protocol/message.js';
import type { Core } from './state/core.js';
import { invariant } from './state/invariant.js';
import type { Primary } from './state/role.js';
import { adoptEpoch } from './state/transitions.js';

type Request = Message & { readonly body: RequestBody };

const responseTypes: ReadonlySet<Body['type']> = new Set([
  'beaconAnswer',
  'syncAnswer',
  'appendAnswer',
  'higherEpoch',
  'otherHistory',
]);

function isRequest(message: Message): message is Request {
  return !responseTypes.has(message.body.type);
}

export function onMessage(core: Core, message: Message): void {
  // The message is for another replica, perhaps one that an earlier process of this node held (R1).
  if (message.to !== core.self) return;
  if (isOfOtherHistory(core, message)) return receiveOther(core, message);
  if (message.epoch < core.epoch) {
    if (isRequest(message)) core.send(message.from, { type: 'higherEpoch' });
    return;
  }
  if (message.epoch > core.epoch) {
    // Peers may learn that a claim has succeeded before the claimant does. The claimant waits for `state`.
    if (!isRequest(message) && core.role.kind === 'claimant' && core.role.epoch === message.epoch) return;
    adoptEpoch(core, message.history, { epoch: message.epoch, id: message.epochId });
    core.emit({ type: 'refreshState', afterWrite: false });
  }
  if (isRequest(message)) receiveRequest(core, message);
  else if (core.role.kind === 'primary') receiveResponse(core, core.role, message, message.body as ResponseBody);
}

/** Two ids of one epoch number are two histories as well (R1). A replica that knows no history accepts any. */
function isOfOtherHistory({ history, epoch, epochId, foundHistory }: Core, message: Message): boolean {
  if (history === undefined) return false;
  // The lines part within an epoch: this replica may have known the later epoch before it found its data to be of the other.
  if (foundHistory !== undefined && message.epoch >= epoch && message.epochId === endOf(foundHistory).id) return true;
  return message.history !== history || (message.epoch === epoch && message.epochId !== epochId);
}

/** `state` decides which of the two histories goes on. A replica with data keeps it; one without data waits for `state` (R1). */
function receiveOther(core: Core, message: Message): void {
  const { role } = core;
  const peer = role.kind === 'primary' ? role.peers.get(message.from) : undefined;
  if (message.body.type === 'otherHistory') {
    if (peer !== undefined) onOtherHistory(core, peer, message);
  } else if (isRequest(message)) refuseOther(core, message.from);
}

function receiveRequest(core: Core, message: Request): void {
  const { role } = core;
  invariant(role.kind !== 'primary', () => `two primaries in epoch ${core.epoch}: ${core.self} and ${message.from}`);
  if (role.kind === 'claimant') {
    // A claimant answers no beacon and acknowledges no entry (R4). It answers a probe, which renews nothing (R9).
    if (message.body.type === 'beacon' && message.body.probe) answerBeacon(core, message.from, message.body, 0);
    return;
  }
  if (!core.isEpochDurable) core.deferred.set(message.body.type, message);
  else onRequest(core, role, message);
}

/** Handles the deferred messages once the epoch that they brought is durable. */
export function receiveDeferred(core: Core): void {
  if (!core.isEpochDurable || core.deferred.size === 0) return;
  const messages = [...core.deferred.values()];
  core.deferred.clear();
  for (const message of messages) if (message.epoch === core.epoch) onMessage(core, message);
}

function receiveResponse(core: Core, role: Primary, message: Message, body: ResponseBody): void {
  const peer = role.peers.get(message.from);
  if (peer === undefined) return;
  switch (body.type) {
    case 'beaconAnswer':
      return onBeaconAnswer(core, role, peer, body);
    case 'syncAnswer':
      onSyncAnswer(core, peer, body);
      break;
    case 'appendAnswer':
      onAppendAnswer(core, peer, body);
      break;
    case 'otherHistory':
      return onOtherHistory(core, peer, message);
    case 'higherEpoch':
      return;
  }
  maybeCommit(core, role);
  maybeServe(core, role);
}
