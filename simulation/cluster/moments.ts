/** Recognises in a replica's effects the moments at which a fault is worst. */
import type { Change, Effect } from '../../src/replication/index.js';
import type { Moment } from '../plan/decision.js';
import type { SimProcess } from './sim-process.js';

export function momentOf(process: SimProcess, effect: Effect): Moment | undefined {
  switch (effect.type) {
    case 'writeState':
      if (effect.next.epoch === process.replica.epoch) return 'membership';
      return effect.next.primary === process.replicaId ? 'claim' : 'handover';
    case 'roleChanged':
      return effect.role === 'primary' ? 'took office' : undefined;
    case 'send':
      return effect.message.body.type === 'sync' ? 'sync' : undefined;
    case 'note':
      if (effect.note.kind === 'serving') return 'serving';
      return effect.note.kind === 'snapshotTaken' ? 'snapshot taken' : undefined;
    case 'answer':
      return effect.answer.kind === 'written' || effect.answer.kind === 'transacted' ? 'write answered' : undefined;
    case 'persist':
      return momentOfChange(effect.change);
    default:
      return undefined;
  }
}

function momentOfChange(change: Change): Moment | undefined {
  if (change.type === 'reset') return change.complete ? undefined : 'snapshot begun';
  if (change.type === 'load') return 'snapshot chunk';
  return change.type === 'truncate' ? 'cut log' : undefined;
}
