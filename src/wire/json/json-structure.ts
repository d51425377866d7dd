/** Bounds JSON before it is parsed: the objects of a few megabytes of small ones take seconds and half a gigabyte to make. */

const quote = 0x22;
const backslash = 0x5c;
const [openObject, openList, comma] = [0x7b, 0x5b, 0x2c];

/** Whether the JSON has at most this many objects, lists, fields and items. It need not be valid. */
export function hasAtMost(most: number, json: Uint8Array): boolean {
  let count = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]!;
    if (byte === quote) at = endOfString(json, at + 1);
    else if ((byte === comma || byte === openObject || byte === openList) && ++count > most) return false;
  }
  return true;
}

/** The place of the quote that ends the string, or the end of the JSON. */
function endOfString(json: Uint8Array, start: number): number {
  for (let end = json.indexOf(quote, start); end >= 0; end = json.indexOf(quote, end + 1)) {
    let backslashes = 0;
    while (end - backslashes > start && json[end - backslashes - 1] === backslash) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return json.length;
}
