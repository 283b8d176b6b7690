/**
 * Host names for tests of the address policy, resolved without a name server.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  AddressPolicy,
  type AddressPolicyOptions,
} from "../../../lib/proxy/guard/address_policy.ts";
import { Problem } from "../../../lib/proxy/problem.ts";

/** The names and their addresses. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  "one.example": ["1.1.1.1", "2606:4700:4700::1111"],
  "below.one.example": ["1.1.1.2"],
  "nas.example": ["192.168.1.2"],
  "mixed.example": ["1.1.1.1", "10.0.0.1"],
  "mixed6.example": ["1.1.1.1", "fd00::1"],
  "zone.example": ["fe80::1%eth0"],
  "strange.example": ["one.example"],
  "metadata.example": ["169.254.169.254"],
  "both.example": ["1.1.1.1", "169.254.170.2"],
  "nat64.example": ["64:ff9b::101:101"],
  "none.example": [],
  "localhost": ["127.0.0.1", "::1"],
};

/** Creates a policy with these names, and records which ones it resolves. */
export function policyOf(options: AddressPolicyOptions = {}) {
  const asked: string[] = [];
  const resolve = (name: string) => {
    asked.push(name);
    const addresses = NAMES[name];
    return addresses ? Promise.resolve(addresses) : Promise.reject(new Error(`ENOTFOUND ${name}`));
  };
  return { policy: new AddressPolicy({ resolve, ...options }), asked };
}

/** Returns the message with which a URL is refused, `undefined` if it is allowed. */
export async function refusal(policy: AddressPolicy, url: string): Promise<string | undefined> {
  try {
    await policy.check(new URL(url));
    return undefined;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    assertEquals(error.status, 403);
    return error.detail;
  }
}
