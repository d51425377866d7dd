import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { nodeNamed, root } from '../coordination/coordinator.fixture.js';
import { MemoryZookeeper } from '../coordination/memory/memory-zookeeper.fixture.js';
import { anyVersion } from '../coordination/znode-client.js';
import type { Placement } from '../placement/index.js';
import { ControlledNode, controllerConfig, stored } from './controller.fixture.js';
import { Controller } from './controller.js';

const { shards, replicas } = controllerConfig;
const logger = pino({ level: 'silent' });
const soonMs = 30;
/** Every step of a computation is its own slice. */
const noTimeMs = 0;

describe('controller', () => {
  it('places all shards on the first node, and gives the next node its share as soon as it joins', async () => {
    const zookeeper = new MemoryZookeeper();
    await using a = await ControlledNode.start(zookeeper, 'a');
    expect((await a.untilPlacedOn('a')).shards).toEqual(Array.from({ length: shards }, () => ['a']));
    await using b = await ControlledNode.start(zookeeper, 'b');
    const { shards: placed } = await b.untilPlacedOn('a', 'b');
    expect(placed.every((ids) => ids.length === replicas)).toBe(true);
    expect(placed.filter(([primary]) => primary === 'b')).toHaveLength(shards / 2);
  });

  it('two nodes that join at once both get their share', async () => {
    const zookeeper = new MemoryZookeeper();
    await using a = await ControlledNode.start(zookeeper, 'a');
    await a.untilPlacedOn('a');
    const [b, c] = await Promise.all([ControlledNode.start(zookeeper, 'b'), ControlledNode.start(zookeeper, 'c')]);
    await using _b = b;
    await using _c = c;
    const { shards: placed } = await a.untilPlacedOn('a', 'b', 'c');
    for (const id of ['a', 'b', 'c']) expect(placed.filter((ids) => ids.includes(id))).toHaveLength((shards * replicas) / 3);
  });

  it('a vanished node keeps its shards until it returns, even if other nodes join meanwhile', async () => {
    const zookeeper = new MemoryZookeeper();
    await using a = await ControlledNode.start(zookeeper, 'a');
    await using b = await ControlledNode.start(zookeeper, 'b');
    await a.untilPlacedOn('a', 'b');
    b.vanish();
    await a.recorder.until(() => a.recorder.nodeIds?.join() === 'a');
    await using c = await ControlledNode.start(zookeeper, 'c');
    const before = await c.untilPlacedOn('a', 'b', 'c');
    await using again = await ControlledNode.start(zookeeper, 'b');
    await using d = await ControlledNode.start(zookeeper, 'd');
    const after = await d.untilPlacedOn('a', 'b', 'c', 'd');
    await again.untilPlacedOn('a', 'b', 'c', 'd');
    const gained = after.shards.flatMap((ids, shard) => ids.filter((id) => !before.shards[shard]!.includes(id)));
    expect(new Set(gained)).toEqual(new Set(['d']));
  });

  it('a drained node gets no shards, also after it has vanished and returned, or another controller decides, until it is undrained', async () => {
    const zookeeper = new MemoryZookeeper();
    await using a = await ControlledNode.start(zookeeper, 'a');
    await using b = await ControlledNode.start(zookeeper, 'b');
    await using c = await ControlledNode.start(zookeeper, 'c');
    await c.untilPlacedOn('a', 'b', 'c');
    await a.coordinator.drains.mark('c');
    expect((await c.untilPlacedOn('a', 'b')).shards.every((ids) => ids.length === replicas)).toBe(true);
    c.vanish();
    await b.recorder.until(() => b.recorder.nodeIds?.join() === 'a,b');
    await using again = await ControlledNode.start(zookeeper, 'c');
    a.vanish();
    await using d = await ControlledNode.start(zookeeper, 'd');
    await d.untilPlacedOn('a', 'b', 'd');
    await d.coordinator.drains.unmark('c');
    await again.untilPlacedOn('a', 'b', 'c', 'd');
  });

  it('too few other nodes are left - a drained node keeps its share', async () => {
    const zookeeper = new MemoryZookeeper();
    await using a = await ControlledNode.start(zookeeper, 'a', { replaceAfterMs: soonMs });
    await using b = await ControlledNode.start(zookeeper, 'b', { replaceAfterMs: soonMs });
    await using c = await ControlledNode.start(zookeeper, 'c', { replaceAfterMs: soonMs });
    await a.coordinator.drains.mark('c');
    await a.untilPlacedOn('a', 'b');
    b.vanish();
    expect((await c.untilPlacedOn('a', 'c')).shards.every((ids) => ids.length === replicas)).toBe(true);
  });

  it('a node that stays away is replaced, and no other copy moves', async () => {
    const zookeeper = new MemoryZookeeper();
    await using a = await ControlledNode.start(zookeeper, 'a', { replaceAfterMs: soonMs });
    await using b = await ControlledNode.start(zookeeper, 'b', { replaceAfterMs: soonMs });
    await using c = await ControlledNode.start(zookeeper, 'c', { replaceAfterMs: soonMs });
    const before = await b.untilPlacedOn('a', 'b', 'c');
    c.vanish();
    const after = await b.untilPlacedOn('a', 'b');
    const lost = before.shards.flatMap((ids, shard) => ids.filter((id) => !after.shards[shard]!.includes(id)));
    expect(new Set(lost)).toEqual(new Set(['c']));
    expect(after.shards.every((ids) => ids.length === replicas)).toBe(true);
    expect(a.recorder.fatal).toEqual([]);
  });

  it('a node that announces its leave is replaced at once, even if it is the controller', async () => {
    const zookeeper = new MemoryZookeeper();
    await using a = await ControlledNode.start(zookeeper, 'a');
    await using b = await ControlledNode.start(zookeeper, 'b');
    await using c = await ControlledNode.start(zookeeper, 'c');
    await c.untilPlacedOn('a', 'b', 'c');
    await a.coordinator.announceLeave();
    await c.untilPlacedOn('b', 'c');
    await a.coordinator.close();
    await c.recorder.until(() => c.recorder.nodeIds?.join() === 'b,c');
    await b.coordinator.announceLeave();
    await c.untilPlacedOn('c');
  });

  it('when the controller dies the next one continues, and counts absences from when it saw them', async () => {
    const zookeeper = new MemoryZookeeper();
    await using a = await ControlledNode.start(zookeeper, 'a', { replaceAfterMs: soonMs });
    await using b = await ControlledNode.start(zookeeper, 'b', { replaceAfterMs: soonMs });
    await using c = await ControlledNode.start(zookeeper, 'c', { replaceAfterMs: soonMs });
    await b.untilPlacedOn('a', 'b', 'c');
    c.vanish();
    a.vanish();
    await using d = await ControlledNode.start(zookeeper, 'd', { replaceAfterMs: soonMs });
    await d.untilPlacedOn('b', 'd');
    await b.untilPlacedOn('b', 'd');
  });

  it.each(['applied', 'notApplied', 'appliedLate'] as const)(
    'a write whose answer is lost (%s) settles, and the controller goes on',
    async (fate) => {
      const zookeeper = new MemoryZookeeper();
      await using a = await ControlledNode.start(zookeeper, 'a');
      await a.untilPlacedOn('a');
      a.client.loseNextAnswer('set', fate);
      await using b = await ControlledNode.start(zookeeper, 'b');
      await b.untilPlacedOn('a', 'b');
      await using c = await ControlledNode.start(zookeeper, 'c');
      await c.untilPlacedOn('a', 'b', 'c');
      expect(a.recorder.fatal).toEqual([]);
    },
  );

  it('a controller whose write conflicts continues from the placement of the other controller', async () => {
    const zookeeper = new MemoryZookeeper();
    await using a = await ControlledNode.start(zookeeper, 'a');
    await using b = await ControlledNode.start(zookeeper, 'b');
    const agreed = await a.untilPlacedOn('a', 'b');
    await b.untilPlacedOn('a', 'b');
    // The connection of a lags: a computes from the old placement, and its write must fail.
    a.client.lag();
    const rival = { version: agreed.version + 1, shards: agreed.shards.map((ids) => ids.toReversed()) };
    expect((await b.coordinator.writePlacement(b.recorder.placements.at(-1)!.version, rival)).kind).toBe('applied');
    await using c = await ControlledNode.start(zookeeper, 'c');
    const after = await c.untilPlacedOn('a', 'b', 'c');
    expect(after.version).toBe(rival.version + 1);
    const kept = after.shards.filter(([primary], shard) => primary === rival.shards[shard]![0]);
    expect(kept).toHaveLength((shards * 2) / 3);
  });

  it('while ZooKeeper is away no absence counts; afterwards a join is noticed', async () => {
    const zookeeper = new MemoryZookeeper();
    await using a = await ControlledNode.start(zookeeper, 'a');
    await using b = await ControlledNode.start(zookeeper, 'b');
    const before = await a.untilPlacedOn('a', 'b');
    await b.untilPlacedOn('a', 'b');
    for (const { client } of [a, b]) {
      client.suspend();
      client.expire();
    }
    a.client.resume();
    await a.recorder.until(() => a.recorder.nodeIds?.join() === 'a');
    b.client.resume();
    await a.recorder.until(() => a.recorder.nodeIds?.join() === 'a,b');
    expect(stored(zookeeper)).toEqual(before);
    await using c = await ControlledNode.start(zookeeper, 'c');
    await c.untilPlacedOn('a', 'b', 'c');
  });

  it('a long computation leaves turns to other work, and a node that joins meanwhile gets its share', async () => {
    const zookeeper = new MemoryZookeeper();
    await using a = await ControlledNode.start(zookeeper, 'a', { sliceMs: noTimeMs });
    await a.untilPlacedOn('a');
    let turns = 0;
    const goOn = (): void => {
      turns++;
      immediate = setImmediate(goOn);
    };
    let immediate = setImmediate(goOn);
    const [b, c] = await Promise.all([ControlledNode.start(zookeeper, 'b'), ControlledNode.start(zookeeper, 'c')]);
    await using _b = b;
    await using _c = c;
    const { shards: placed } = await a.untilPlacedOn('a', 'b', 'c');
    clearImmediate(immediate);
    // At least one for each copy that had to be placed.
    expect(turns).toBeGreaterThan(shards);
    for (const id of ['a', 'b', 'c']) expect(placed.filter((ids) => ids.includes(id))).toHaveLength((shards * replicas) / 3);
  });

  it('a computation ends with the session: a node that is gone when the session is back gets nothing', async () => {
    let tellWritten: (placement: Placement) => void = () => {};
    const written = new Promise<Placement>((resolve) => {
      tellWritten = resolve;
    });
    const controller = new Controller({
      nodeId: 'a',
      config: controllerConfig,
      replaceAfterMs: soonMs,
      sliceMs: noTimeMs,
      logger,
      wait: { quietMs: 0, mostMs: 0 },
      coordinator: {
        session: 'connected',
        writePlacement: async (_, next) => {
          tellWritten(next);
          return { kind: 'applied', version: 0 };
        },
        refreshPlacement: () => {},
      },
    });
    controller.onPlacement(undefined);
    // From now on it computes one step in each turn.
    controller.onNodes([nodeNamed('a'), nodeNamed('b')]);
    controller.onSession(false);
    controller.onSession(true);
    controller.onNodes([nodeNamed('a')]);
    const { shards: placed } = await written;
    expect(new Set(placed.flat())).toEqual(new Set(['a']));
    controller.close();
  });

  it('a placement that ZooKeeper has lost is written back unchanged', async () => {
    const zookeeper = new MemoryZookeeper();
    await using a = await ControlledNode.start(zookeeper, 'a');
    await using b = await ControlledNode.start(zookeeper, 'b');
    const before = await b.untilPlacedOn('a', 'b');
    await a.untilPlacedOn('a', 'b');
    const readings = b.recorder.placements.length;
    zookeeper.tree.delete(`${root}/placement`, anyVersion);
    await b.recorder.until(() => b.recorder.placements.length > readings && b.recorder.placements.at(-1) !== undefined);
    expect(await b.untilPlacedOn('a', 'b')).toEqual(before);
  });
});
