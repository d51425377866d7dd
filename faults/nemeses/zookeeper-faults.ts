/** Faults of ZooKeeper: a stop and a restart with its data, a freeze, the loss of one server of an ensemble. */
import { type Nemesis, pickOne } from './nemesis.js';

const outageMs = [5_000, 20_000] as const;

const stopAll: Nemesis = {
  name: 'stop ZooKeeper',
  company: 'elsewhere',
  holdMs: outageMs,
  async inject({ cluster: { zookeepers } }) {
    for (const server of zookeepers) await server.kill();
    const heal = async (): Promise<void> => {
      for (const server of zookeepers) server.start();
      for (const server of zookeepers) await server.ready();
    };
    return { what: 'ZooKeeper stopped', heal };
  },
};

const freezeAll: Nemesis = {
  name: 'freeze ZooKeeper',
  company: 'elsewhere',
  holdMs: outageMs,
  async inject({ cluster: { zookeepers } }) {
    for (const server of zookeepers) server.signal('SIGSTOP');
    const heal = async (): Promise<void> => {
      for (const server of zookeepers) server.signal('SIGCONT');
    };
    return { what: 'ZooKeeper frozen', heal };
  },
};

const killOne: Nemesis = {
  name: 'kill one of the ensemble',
  company: 'elsewhere',
  needs: 'an ensemble',
  holdMs: outageMs,
  async inject({ cluster: { zookeepers }, random }) {
    const server = pickOne(
      zookeepers.filter((one) => one.running),
      random,
    );
    if (server === undefined) return undefined;
    await server.kill();
    const heal = async (): Promise<void> => {
      server.start();
      await server.ready();
    };
    return { what: `ZooKeeper server ${server.place.name} killed`, heal };
  },
};

export const zookeeperOutages = [stopAll, freezeAll];
export const ensembleFaults = [killOne];
