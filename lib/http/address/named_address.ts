/**
 * Mirrors of one URL that are connected to at different addresses of its name. What identifies such a mirror
 * is the URL with an address as its fragment, which is not sent: `https://one.example/film#192.0.2.1`. And
 * which addresses of a name are worth a mirror. Pure.
 *
 * @module
 */

import { addressIn } from "./host.ts";
import { groupBy } from "../../stand_ins.ts";

/** Maximum number of addresses of a name that are mirrors of their own. */
const MOST_ADDRESSES = 4;

/** Returns what identifies a mirror that is connected to at `address`. */
export function urlAt(url: string, address: string): string {
  return `${url}#${address}`;
}

/** Returns the URL that is requested from a mirror. */
export function requestedUrl(url: string): string {
  return url.replace(/#.*$/s, "");
}

/** Returns the address that a mirror is connected to; `undefined` if its URL names none. */
export function addressOf(url: string): string | undefined {
  const at = url.indexOf("#");
  return at < 0 ? undefined : addressIn(url.slice(at + 1));
}

/**
 * Returns the places that a name's addresses are, in the order given, as the addresses to try for each. A
 * host that has addresses of both families counts once: where there are some of both, the family with more
 * addresses is used (that of the first, if they are as many), and each of its addresses falls back to one of
 * the other.
 */
export function placesOf(addresses: readonly string[], most: number = MOST_ADDRESSES): string[][] {
  const families = groupBy(new Set(addresses), (address) => address.includes(":"));
  // Stable: of as many, the family that is given first.
  const [used = [], spare = []] = [...families.values()].sort((one, other) =>
    other.length - one.length
  );
  return used.slice(0, Math.min(most, MOST_ADDRESSES)).map((address, index) => {
    const fallback = spare[index % Math.max(1, spare.length)];
    return fallback === undefined ? [address] : [address, fallback];
  });
}
