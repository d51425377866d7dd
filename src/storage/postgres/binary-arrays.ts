/**
 * Arrays as PostgreSQL sends them in its binary format. `pg` passes a Buffer on as a binary parameter, but writes an array as text, with
 * bytes in hexadecimal: this halves what is sent, and needs a tenth of the time.
 */

/** Numbers of the types of elements in PostgreSQL. */
const types = { bool: 16, bytea: 17, int8: 20, int4: 23 } as const;

const headBytes = 20;
const lengthBytes = 4;
/** The length of an element that is null. */
const nullLength = -1;
const uint32 = 2 ** 32;

/** `bool[]` */
export function boolArray(items: readonly boolean[]): Buffer {
  return fixedArray(types.bool, 1, items, (array, item, at) => array.writeUInt8(item ? 1 : 0, at));
}

/** `int4[]` */
export function int4Array(items: readonly number[]): Buffer {
  return fixedArray(types.int4, 4, items, (array, item, at) => array.writeInt32BE(item, at));
}

/** `int8[]`, of numbers from 0 to `Number.MAX_SAFE_INTEGER`. */
export function int8Array(items: readonly (number | undefined)[]): Buffer {
  return fixedArray(types.int8, 8, items, (array, item, at) => {
    array.writeUInt32BE(Math.floor(item / uint32), at);
    array.writeUInt32BE(item % uint32, at + 4);
  });
}

/** `bytea[]`, of bytes and of strings in UTF-8. */
export function byteaArray(items: readonly (Uint8Array | string | undefined)[]): Buffer {
  let bytes = headBytes;
  for (const item of items) bytes += lengthBytes + byteLength(item);
  const array = begin(types.bytea, bytes, items.length, items.includes(undefined));
  let at = headBytes;
  for (const item of items) {
    const length = byteLength(item);
    array.writeInt32BE(item === undefined ? nullLength : length, at);
    at += lengthBytes;
    if (typeof item === 'string') array.write(item, at, 'utf8');
    else if (item !== undefined) array.set(item, at);
    at += length;
  }
  return array;
}

function byteLength(item: Uint8Array | string | undefined): number {
  if (item === undefined) return 0;
  return typeof item === 'string' ? Buffer.byteLength(item) : item.length;
}

function fixedArray<Item>(
  type: number,
  itemBytes: number,
  items: readonly (Item | undefined)[],
  write: (array: Buffer, item: Item, at: number) => void,
): Buffer {
  let bytes = headBytes;
  for (const item of items) bytes += lengthBytes + (item === undefined ? 0 : itemBytes);
  const array = begin(type, bytes, items.length, items.includes(undefined));
  let at = headBytes;
  for (const item of items) {
    array.writeInt32BE(item === undefined ? nullLength : itemBytes, at);
    at += lengthBytes;
    if (item === undefined) continue;
    write(array, item, at);
    at += itemBytes;
  }
  return array;
}

function begin(type: number, bytes: number, items: number, hasNull: boolean): Buffer {
  const array = Buffer.allocUnsafe(bytes);
  array.writeInt32BE(1, 0); // dimensions
  array.writeInt32BE(hasNull ? 1 : 0, 4);
  array.writeInt32BE(type, 8);
  array.writeInt32BE(items, 12);
  array.writeInt32BE(1, 16); // the number of the first item
  return array;
}
