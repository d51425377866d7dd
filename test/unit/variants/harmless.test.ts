/** Where a second rule keeps what the first one asks for. */
import { describeHarmless } from './variant.js';
import { edit } from './variant-lab.js';

describeHarmless([
  {
    rule: 'R5',
    does: 'takes an append of an older stream of the same epoch',
    edits: [edit('follower/follower.ts', 'if (append.number < stream.number) return;', '')],
    because: 'within an epoch the log of the primary only grows, so what it sent before is what it would send now',
  },
  {
    rule: 'R10',
    does: 'proposes a joiner that is not replicating',
    edits: [edit('primary/membership.ts', "peer.phase !== 'replicating' || ", '')],
    because: 'leaving that phase takes back that it keeps up, and Sync that it is complete',
  },
  {
    rule: 'R10',
    does: 'proposes a joiner whose claim is outstanding',
    edits: [edit('primary/membership.ts', ' || peer.claiming', '')],
    because: 'only members claim, and a paused primary, the only one to hear of a claim, proposes nobody',
  },
]);
