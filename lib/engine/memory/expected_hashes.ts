/**
 * Hashes of the file that a caller knows.
 *
 * @module
 */

import { record, shown } from "../../checks.ts";
import { OptionTypeError } from "../../errors.ts";
import { HASH_DIGITS, HASH_TYPES, type Hashes, type HashType } from "../../http/hashes.ts";

/** Checks hashes by their types, like `sha-256`; returns them in lower case. */
export function checkHashes(name: string, value: unknown): Hashes {
  const hashes: Partial<Record<HashType, string>> = {};
  for (const [key, hash] of Object.entries(record(name, value))) {
    if (hash === undefined || hash === null) continue;
    const type = HASH_TYPES.find((type) => type === key);
    if (type === undefined) {
      const problem = `has ${shown(key)}, but its types may be ${HASH_TYPES.join(", ")}`;
      throw new OptionTypeError(name, problem);
    }
    const digits = HASH_DIGITS[type];
    if (typeof hash !== "string" || hash.length !== digits || !/^[0-9a-f]*$/i.test(hash)) {
      const problem = `is ${shown(hash)}, but must be ${digits} hexadecimal digits`;
      throw new OptionTypeError(`${name}.${type}`, problem);
    }
    hashes[type] = hash.toLowerCase();
  }
  return hashes;
}
