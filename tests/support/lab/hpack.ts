/**
 * What a mirror needs of HPACK (RFC 7541): it reads the range of a request, and writes the fields of a response.
 *
 * @module
 */

/** The index of "range" in the static table, which has 61 entries (appendix A). */
const RANGE_INDEX = 50;
const STATIC_ENTRIES = 61;

/** The Huffman code of what ranges are made of, by its bits (appendix B). */
const CODE: ReadonlyMap<string, string> = new Map([
  ...codes("012", 5, 0),
  ...codes("e", 5, 5),
  ...codes("st", 5, 8),
  ...codes("-", 6, 0x16),
  ...codes("3456789", 6, 0x19),
  ...codes("=", 6, 0x20),
  ...codes("b", 6, 0x23),
  ...codes("y", 7, 0x7a),
]);
const LONGEST_CODE = 7;

/** Returns the codes of characters that follow on one another. */
function codes(characters: string, bits: number, first: number): [string, string][] {
  return [...characters].map((one, index) => [
    (first + index).toString(2).padStart(bits, "0"),
    one,
  ]);
}

/** Reads the field sections of one connection. A client has to be told that the dynamic table has no size. */
export class RangeFieldReader {
  /** Entries of the requests before the client knew that, latest first: a range, or `undefined` for another field. */
  #entries: (string | undefined)[] = [];
  #bytes: Uint8Array = new Uint8Array();
  #at = 0;

  /** Returns the value of the field "range"; `undefined` if there is none. */
  read(section: Uint8Array): string | undefined {
    this.#bytes = section;
    this.#at = 0;
    let range: string | undefined;
    while (this.#at < section.length) {
      const first = section[this.#at]!;
      if (first >= 0x80) range = this.#entry(this.#integer(7)) ?? range;
      else if (first >= 0x40) {
        const value = this.#literal(6);
        this.#entries.unshift(value);
        range = value ?? range;
      } else if (first >= 0x20) {
        if (this.#integer(5) === 0) this.#entries = [];
      } else range = this.#literal(4) ?? range;
    }
    return range;
  }

  #entry(index: number): string | undefined {
    return this.#entries[index - STATIC_ENTRIES - 1];
  }

  /** Reads a name and a value; returns the value if that is a range. */
  #literal(prefixBits: number): string | undefined {
    const index = this.#integer(prefixBits);
    // A name of the static table is not spelled out.
    if (index === 0) this.#string();
    const value = this.#string();
    const isRange = index === RANGE_INDEX || this.#entry(index) !== undefined;
    return isRange ? text(value) : undefined;
  }

  #string(): { readonly isCoded: boolean; readonly bytes: Uint8Array } {
    const isCoded = this.#bytes[this.#at]! >= 0x80;
    const length = this.#integer(7);
    const start = this.#at;
    this.#at += length;
    return { isCoded, bytes: this.#bytes.subarray(start, this.#at) };
  }

  /** Section 5.1. */
  #integer(prefixBits: number): number {
    const most = 2 ** prefixBits - 1;
    let value = this.#bytes[this.#at++]! & most;
    if (value < most) return value;
    for (let scale = 1, byte = 0x80; byte >= 0x80; scale *= 0x80) {
      byte = this.#bytes[this.#at++] ?? 0;
      value += (byte % 0x80) * scale;
    }
    return value;
  }
}

/** Returns the text of a string. */
function text({ isCoded, bytes }: { isCoded: boolean; bytes: Uint8Array }): string {
  if (!isCoded) return new TextDecoder("latin1").decode(bytes);
  let decoded = "";
  let code = "";
  for (const byte of bytes) {
    for (const bit of byte.toString(2).padStart(8, "0")) {
      code += bit;
      const character = CODE.get(code);
      if (character === undefined) continue;
      decoded += character;
      code = "";
    }
  }
  if (code.length > LONGEST_CODE) throw new Error(`A range of other characters: ${decoded}…`);
  return decoded;
}

/** Returns a field section: each field is spelled out. */
export function fieldSection(fields: Readonly<Record<string, string | number>>): Uint8Array {
  const encoder = new TextEncoder();
  return Uint8Array.from(
    Object.entries(fields).flatMap(([name, value]) => [
      0,
      ...[name, String(value)].flatMap((part) => {
        if (part.length >= 0x7f) throw new RangeError(`Too long a field: ${part}`);
        return [part.length, ...encoder.encode(part)];
      }),
    ]),
  );
}
