/**
 * The address of a record, as a signed 32-bit integer. It holds either the number of a slab and a unit in it, or three set bits
 * and the number of a large record.
 */
const unitBits = 17;
const largeBits = 29;
const largeTag = 0b111;

/** Limits the units of one slab, so that a unit's number fits into its bits. */
export const maxSlabUnits = 1 << unitBits;
export const maxSlabs = largeTag << (largeBits - unitBits);
export const maxLarge = 1 << largeBits;

/** The address that no record has, because the first unit of every slab stays free. */
export const noRecord = 0;

export function addressIn(slabNumber: number, unit: number): number {
  return (slabNumber << unitBits) | unit;
}
export function slabNumberOf(address: number): number {
  return address >>> unitBits;
}
export function unitOf(address: number): number {
  return address & (maxSlabUnits - 1);
}

/** The unit in its slab with which the record begins. */
export function startUnitOf(address: number): number {
  return isLarge(address) ? 0 : unitOf(address);
}

export function addressOfLarge(number: number): number {
  return (largeTag << largeBits) | number;
}
export function isLarge(address: number): boolean {
  return address >>> largeBits === largeTag;
}
export function largeNumberOf(address: number): number {
  return address & (maxLarge - 1);
}
