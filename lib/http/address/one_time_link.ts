/**
 * Guesses from a URL whether it may be a link that is good for one request: such links carry a random token,
 * in the query or in the path. A wrong guess costs little: it decides only which of several mirrors is asked
 * for the file in its first request, and which for a sample. Pure.
 *
 * @module
 */

/**
 * Paths that are random by their content: they stay good. Those of Debian's and RPM's indexes, Nix and IPFS, debug
 * files, and whatever names its digest or is spread over folders by its first digits.
 */
const CONTENT_ADDRESS =
  /\/(?:by-hash|repodata|nar|ip[fn]s|\.?build-?id|md5(?:sum)?|sha-?(?:1|2|224|256|384|512)(?:sum)?)[\/:-]|\/[\da-f]{2}\/[\da-f]{2}\//i;

const UUID = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/i;

/** A field of a signature in a path, as in `/exp=1700000000~hmac=…/file`. */
const SIGNATURE = /[\/~;,&](?:token|expires?|exp|e|hmac|sig|signature|auth|ticket|key|st)=/i;

/** Links are shorter: what follows is not looked at. */
const LONG = 16 * 1024;

/** Reports whether a URL looks like a link that is good for one request. */
export function isOneTimeLink(url: string): boolean {
  const [address = ""] = url.split("#", 1);
  if (address.includes("?")) return true;
  const path = address.slice(0, LONG).replace(/^[^:/]+:\/\/[^/]*/, "");
  if (SIGNATURE.test(path)) return true;
  if (CONTENT_ADDRESS.test(path)) return false;
  return UUID.test(path) ||
    path.replace(/%[\da-f]{2}/gi, "-").split(/[^A-Za-z0-9]+/).some(isRandom);
}

/**
 * Reports whether letters and digits are random, not words and numbers: random ones change between small letters,
 * capital letters and digits every two or three characters.
 */
function isRandom(text: string): boolean {
  const { length } = text;
  if (length < 8) return false;
  const numbers = text.match(/\d+/g)?.length ?? 0;
  // Words begin with a capital letter, or are of one case.
  const pieces = numbers + (text.match(/[A-Z]?[a-z]+|[A-Z]+/g)?.length ?? 0);
  if (numbers === 0) return length >= 12 && length <= 2.4 * pieces;
  if (pieces === 1) return false;
  // Abbreviated commits, as versions have them, are shorter.
  if (/^(?:[\da-f]+|[\dA-F]+)$/.test(text)) return length >= 16 && length <= 4 * pieces;
  if (/[a-z]/.test(text) && /[A-Z]/.test(text)) {
    return length <= (length < 12 ? 2.3 : 2.75) * pieces;
  }
  // Names of packages have up to three numbers, and long words.
  return numbers >= 3 && length >= 12 && length <= (length < 20 ? 5 : 8) * numbers;
}
