/** Variants without harm: a second rule guarantees what the broken one requires. */
import { describeHarmless } from './variant.js';
import { edit } from './variant-lab.js';

describeHarmless([
  {
    rule: 'R5',
    does: 'accepts an append of an older stream of the same epoch',
    edits: [edit('follower/follower.ts', 'if (append.number < stream.number) return;', '')],
    because: 'within an epoch the log of the primary only grows, so an older append has the same entries as a newer one',
  },
  {
    rule: 'R10',
    does: 'proposes a joiner that is not replicating',
    edits: [edit('primary/membership.ts', "peer.phase !== 'replicating' || ", '')],
    because: 'leaving that phase resets `keepsUp`, and Sync resets `complete`',
  },
  {
    rule: 'R10',
    does: 'proposes a joiner whose claim is outstanding',
    edits: [edit('primary/membership.ts', ' || peer.claiming', '')],
    because: 'only members claim, and only a paused primary learns of a claim, which proposes no joiner',
  },
]);
