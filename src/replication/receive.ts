/** What a replica does with a message, by its epoch first (R8) and then by its own role. */

import { maybeCommit, maybeServe } from './commit.js';
import type { Core } from './core.js';
import { answerBeacon, onRequest } from './follower.js';
import { invariant } from './invariant.js';
import type { Body, Message, RequestBody, ResponseBody } from './message.js';
import { onAppendAnswer, onBeaconAnswer, onSyncAnswer } from './replicate.js';
import type { Primary } from './role.js';
import { adoptEpoch } from './transitions.js';

type Request = Message & { readonly body: RequestBody };

const responseTypes: ReadonlySet<Body['type']> = new Set(['beaconAnswer', 'syncAnswer', 'appendAnswer', 'higherEpoch']);

function isRequest(message: Message): message is Request {
  return !responseTypes.has(message.body.type);
}

export function onMessage(core: Core, message: Message): void {
  // Meant for another replica, perhaps for one that lived here before (R1).
  if (message.to !== core.self) return;
  if (message.epoch < core.epoch) {
    if (isRequest(message)) core.send(message.from, { type: 'higherEpoch' });
    return;
  }
  if (message.epoch > core.epoch) {
    // Peers may know of a claim's success before the claimant does: that is for `state` to tell it.
    if (!isRequest(message) && core.role.kind === 'claimant' && core.role.epoch === message.epoch) return;
    adoptEpoch(core, message.epoch);
    core.emit({ type: 'refreshState' });
  }
  if (isRequest(message)) receiveRequest(core, message);
  else if (core.role.kind === 'primary') receiveResponse(core, core.role, message, message.body as ResponseBody);
}

function receiveRequest(core: Core, message: Request): void {
  const { role } = core;
  invariant(role.kind !== 'primary', () => `two primaries in epoch ${core.epoch}: ${core.self} and ${message.from}`);
  if (role.kind === 'claimant') {
    // It answers no beacon and acknowledges no entry (R4); a probe renews nothing and hears of the claim (R9).
    if (message.body.type === 'beacon' && message.body.probe) answerBeacon(core, message.from, message.body, 0);
    return;
  }
  if (core.durability.epoch < core.epoch) core.deferred.set(message.body.type, message);
  else onRequest(core, role, message);
}

/** The epoch that these messages brought is durable now. */
export function receiveDeferred(core: Core): void {
  if (core.durability.epoch < core.epoch || core.deferred.size === 0) return;
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
    case 'higherEpoch':
      return;
  }
  maybeCommit(core, role);
  maybeServe(core, role);
}
