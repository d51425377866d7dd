/** The copies of each member while a placement is computed, and which single steps keep the zones balanced. */
import type { Members } from './members.js';

export class Holdings {
  readonly #members: Members;
  /** By shard: its holders; those that keep their copy come first. */
  readonly #holders: number[][];
  /** By member: the shards it holds. */
  readonly #shards: Set<number>[];

  constructor(members: Members, shardCount: number) {
    this.#members = members;
    this.#holders = Array.from({ length: shardCount }, () => []);
    this.#shards = members.ids.map(() => new Set());
  }

  get shardCount(): number {
    return this.#holders.length;
  }

  holdersOf(shard: number): readonly number[] {
    return this.#holders[shard]!;
  }

  shardsOf(member: number): ReadonlySet<number> {
    return this.#shards[member]!;
  }

  loadOf(member: number): number {
    return this.#shards[member]!.size;
  }

  missing(shard: number): number {
    return this.#members.copies - this.#holders[shard]!.length;
  }

  /** Also leaves room for the copies of the shard that other zones must hold. */
  mayAdd(shard: number, member: number): boolean {
    if (this.#holders[shard]!.includes(member) || this.missing(shard) === 0) return false;
    const zone = this.#members.zones[member]!;
    const { least, most } = this.#members.zoneRanges[zone]!;
    const held = this.#heldIn(shard, zone);
    return held < least || (held < most && this.missing(shard) > this.#owedToZones(shard));
  }

  add(shard: number, member: number): void {
    this.#holders[shard]!.push(member);
    this.#shards[member]!.add(shard);
  }

  mayMove(shard: number, from: number, to: number): boolean {
    if (this.#holders[shard]!.includes(to)) return false;
    const { zones, zoneRanges } = this.#members;
    const [left, entered] = [zones[from]!, zones[to]!];
    if (left === entered) return true;
    return this.#heldIn(shard, left) > zoneRanges[left]!.least && this.#heldIn(shard, entered) < zoneRanges[entered]!.most;
  }

  move(shard: number, from: number, to: number): void {
    const holders = this.#holders[shard]!;
    holders.splice(holders.indexOf(from), 1);
    this.#shards[from]!.delete(shard);
    this.add(shard, to);
  }

  #heldIn(shard: number, zone: number): number {
    let held = 0;
    for (const holder of this.#holders[shard]!) if (this.#members.zones[holder] === zone) held += 1;
    return held;
  }

  #owedToZones(shard: number): number {
    let owed = 0;
    for (const [zone, { least }] of this.#members.zoneRanges.entries())
      if (least > 0) owed += Math.max(0, least - this.#heldIn(shard, zone));
    return owed;
  }
}
