/**
 * Faults of the database in which a node has its applied state: it is stopped, killed, paused, slow, read-only, out of connections,
 * or replaced by an older copy while its node is down. What was acknowledged is in the logs of the nodes.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { FaultNode } from '../cluster/fault-node.js';
import type { NodeDatabase } from '../cluster/node-database.js';
import { type Nemesis, type NodeRole, pickVictim } from './nemesis.js';

interface DatabaseFault {
  readonly name: string;
  readonly victim: NodeRole;
  readonly holdMs: Nemesis['holdMs'];
  readonly company?: Nemesis['company'];
  begin(database: NodeDatabase, node: FaultNode): Promise<void>;
  end(database: NodeDatabase, node: FaultNode): Promise<void>;
}

function databaseFault({ name, victim, holdMs, company = 'elsewhere', begin, end }: DatabaseFault): Nemesis {
  return {
    name,
    company,
    holdMs,
    async inject(context) {
      const node = await pickVictim(context, victim);
      const database = node?.database;
      if (node === undefined || database === undefined) return undefined;
      await begin(database, node);
      return { what: `${name} of ${node.name}`, heal: () => end(database, node) };
    },
  };
}

function stop(name: string, victim: NodeRole, holdMs: Nemesis['holdMs']): Nemesis {
  return databaseFault({
    name,
    victim,
    holdMs,
    begin: ({ server }) => server.stopServer(),
    end: ({ server }) => server.startServer(),
  });
}

/** Of each period of a slow database, it works for the first part only. */
const slowPeriodMs = 400;
const slowWorksMs = 60;

/** The periods go on until `end`. */
function slow(): Nemesis {
  const ending = new Map<NodeDatabase, { over: boolean; done: Promise<void> }>();
  const periods = async ({ server }: NodeDatabase, state: { over: boolean }): Promise<void> => {
    while (!state.over) {
      await server.pauseServer();
      await pause(slowPeriodMs - slowWorksMs);
      await server.resumeServer();
      await pause(slowWorksMs);
    }
  };
  return databaseFault({
    name: 'slow database',
    victim: 'any',
    holdMs: [3_000, 15_000],
    async begin(database) {
      const state = { over: false, done: Promise.resolve() };
      state.done = periods(database, state);
      ending.set(database, state);
    },
    async end(database) {
      const state = ending.get(database);
      if (state === undefined) return;
      state.over = true;
      await state.done;
    },
  });
}

export const databaseFaults: readonly Nemesis[] = [
  stop('database stopped for a moment', 'any', [0, 2_000]),
  stop('database of the primary stopped', 'primary', [4_000, 15_000]),
  stop('database stopped for up to a minute', 'any', [20_000, 60_000]),
  databaseFault({
    name: 'paused database',
    victim: 'any',
    holdMs: [500, 15_000],
    begin: ({ server }) => server.pauseServer(),
    end: ({ server }) => server.resumeServer(),
  }),
  slow(),
  databaseFault({
    name: 'read-only database',
    victim: 'any',
    holdMs: [1_000, 20_000],
    begin: (database) => database.setReadOnly(true),
    end: (database) => database.setReadOnly(false),
  }),
  databaseFault({
    name: 'database out of connections',
    victim: 'any',
    holdMs: [1_000, 20_000],
    begin: (database) => database.limitSessions(0),
    end: (database) => database.limitSessions(-1),
  }),
  databaseFault({
    name: 'database from an older copy',
    victim: 'any',
    // Between the copy and the end of the node; its commits of that time are lost.
    holdMs: [1_000, 15_000],
    company: 'ends a process',
    begin: ({ server }) => server.backUp(),
    async end({ server }, node) {
      await node.kill();
      await server.goBack();
      await server.startServer();
      node.start();
    },
  }),
];
