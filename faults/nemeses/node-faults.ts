/** Faults of processes: kill and restart, freeze and thaw, planned stop with a handover. */
import { type Nemesis, type NodeRole, pickVictim } from './nemesis.js';

function kill(role: NodeRole): Nemesis {
  return {
    name: `kill ${role}`,
    company: 'ends a process',
    holdMs: [0, 2_000],
    async inject(context) {
      const victim = await pickVictim(context, role);
      if (victim === undefined) return undefined;
      await victim.kill();
      return { what: `${victim.name} killed, started again empty`, heal: async () => victim.start() };
    },
  };
}

/** The lengths relate to the defaults: a lease lasts 1,000 ms, grace 1,250 ms, a session 6,000 ms. */
function freeze(length: 'short' | 'medium' | 'long', role: NodeRole, holdMs: readonly [number, number]): Nemesis {
  return {
    name: `freeze ${role}, ${length}`,
    company: 'elsewhere',
    holdMs,
    async inject(context) {
      const victim = await pickVictim(context, role);
      if (victim === undefined) return undefined;
      victim.freeze();
      return { what: `${victim.name} frozen`, heal: async () => victim.thaw() };
    },
  };
}

export const kills = [kill('primary'), kill('backup'), kill('any')];

export const freezes = [
  freeze('short', 'primary', [300, 900]),
  freeze('short', 'backup', [300, 900]),
  freeze('medium', 'primary', [1_300, 4_000]),
  freeze('medium', 'backup', [1_300, 4_000]),
  freeze('long', 'any', [7_000, 10_000]),
];

export const handover: Nemesis = {
  name: 'handover',
  company: 'ends a process',
  holdMs: [0, 1_000],
  async inject(context) {
    const victim = await pickVictim(context, 'primary');
    if (victim === undefined) return undefined;
    const stopped = victim.stop();
    const heal = async (): Promise<void> => {
      await stopped;
      victim.start();
    };
    return { what: `${victim.name} stopped by SIGTERM, started again empty`, heal };
  },
};
