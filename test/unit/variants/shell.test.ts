/** Variants of the shell: identity on the wire (R1), own znodes (R2, R14), the stripe lock (R6), reads (R9). */
import { expect } from 'vitest';
import {
  followsNewerFormat,
  forwardsOnce,
  judgesOneWriteOfAKeyAtATime,
  ownZnodes,
  refusesHeader,
  registersAgain,
  remembersUnknownOutcomes,
} from './shell-checks.js';
import { describeShellVariants } from './shell-variant.js';
import { edit } from './variant-lab.js';

const codecFile = '../wire/peer/replication-codec.ts';
const formatsFile = '../formats.ts';
const ownZnodeFile = '../coordination/own-znode.ts';

const operations = '../node/operations';

describeShellVariants('the shell', [
  {
    rule: 'R16',
    does: 'sends a write as the first attempt after one with an unknown outcome',
    edits: [
      edit(
        `${operations}/retried-request.ts`,
        'this.#identity = { ...this.#identity, isFirstAttempt: false };',
        'this.#identity = { ...this.#identity };',
      ),
    ],
    check: remembersUnknownOutcomes,
  },
  {
    rule: 'R16, G4',
    does: 'takes a refusal for definite after an attempt with an unknown outcome',
    edits: [
      edit(
        `${operations}/retried-request.ts`,
        "this.#mayBeExecuted && executed === 'no'",
        "this.#moves < 0 && executed === 'no'",
      ),
    ],
    check: remembersUnknownOutcomes,
  },
  {
    rule: 'G4',
    does: 'reports a forwarded request as not executed when its answer is lost',
    edits: [
      edit(
        `${operations}/forwarder.ts`,
        'if (error !== null) reject(fromStatus(error));',
        "if (error !== null) reject(new KvError('NO_PRIMARY', error.details));",
      ),
    ],
    check: forwardsOnce,
  },
  {
    rule: 'G4, R16',
    does: 'forwards a request without an identity again after an unknown outcome',
    edits: [
      edit(
        `${operations}/forward-request.ts`,
        'const failure = error',
        "if (error.executed === 'unknown') await forwarder.forward(address, method, request, deadlineMs, trace);\n    const failure = error",
      ),
    ],
    check: forwardsOnce,
  },
  {
    rule: 'R1',
    does: 'accepts a message of a format that it does not support',
    edits: [edit(formatsFile, 'if (!supports(this.supported, version))', 'if (version < 0)')],
    check: refusesHeader({ formatVersion: 99 }),
  },
  {
    rule: 'R1',
    does: 'goes on writing the older format after a message has named the newer one',
    edits: [edit(formatsFile, 'this.#inUse = version;', '')],
    check: followsNewerFormat(),
  },
  {
    rule: 'R1',
    does: 'accepts a message of another cluster',
    edits: [edit(codecFile, 'header.clusterId !== clusterId', 'header.shard < 0')],
    check: refusesHeader({ clusterId: 'another' }),
  },
  {
    rule: 'R1',
    does: 'accepts a message of another shard',
    edits: [edit(codecFile, 'header?.shard === this.shard', 'header !== undefined')],
    check: refusesHeader({ shard: 1 }),
  },
  {
    rule: 'R2',
    does: 'mistakes the znode of an earlier session for its own',
    edits: [edit(ownZnodeFile, 'found.znode.stat.ephemeralOwner === this.#client.sessionId', 'found.znode !== undefined')],
    check: ownZnodes(async ({ own, tree, clients: [earlier, present] }) => {
      await own(earlier).ensure();
      await own(present).ensure();
      const [name] = tree.children('/e') ?? [];
      expect(tree.get(`/e/${name}`)?.stat.ephemeralOwner).toBe(present.sessionId);
    }),
  },
  {
    rule: 'R2',
    does: 'does not recognise its znode if the answer to the create was lost',
    edits: [edit(ownZnodeFile, 'if (entry.prefix !== prefix) continue;', 'if (entry.prefix === prefix) continue;')],
    check: ownZnodes(async ({ own, tree, clients: [client] }) => {
      await client.create('/e', Buffer.alloc(0), 'persistent');
      client.loseNextAnswer('create', 'applied');
      const znode = own(client);
      await znode.ensure().catch(() => {});
      await znode.ensure();
      expect(tree.children('/e')).toHaveLength(1);
    }),
  },
  {
    rule: 'R2',
    does: 'reads its znode from a server that may lag',
    edits: [edit(ownZnodeFile, 'await this.#client.sync(this.#options.parent);', '')],
    check: ownZnodes(async ({ own, tree, clients: [client] }) => {
      await client.create('/e', Buffer.alloc(0), 'persistent');
      client.lag();
      const znode = own(client);
      await client.create('/e/a~1-n_', Buffer.from('a'), 'ephemeralSequential');
      await znode.ensure();
      expect(tree.children('/e')).toHaveLength(1);
    }),
  },
  {
    rule: 'R2, R14',
    does: 'checks its znodes neither from time to time nor in a new session',
    edits: [edit('../coordination/zookeeper-coordinator.ts', 'this.#upkeeps % 2 === 0 ? this.#ownZnodes(shards) : []', '[]')],
    check: registersAgain,
  },
  {
    rule: 'R6',
    does: 'judges a write while another write of the key is between its read and its append',
    edits: [edit('../node/shards/stripes.ts', 'return mutex.runExclusive(section);', 'return section();')],
    check: judgesOneWriteOfAKeyAtATime,
  },
]);
