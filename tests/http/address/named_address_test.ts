import { assertEquals } from "@std/assert";
import {
  addressOf,
  placesOf,
  requestedUrl,
  urlAt,
} from "../../../lib/http/address/named_address.ts";

Deno.test("a mirror at an address is identified by its URL with the address as a fragment", () => {
  const url = "https://one.example/film?a#b".replace("#b", "");
  for (const address of ["192.0.2.1", "2001:db8::1"]) {
    const identity = urlAt(url, address);
    assertEquals(new URL(identity).href, identity);
    assertEquals([requestedUrl(identity), addressOf(identity)], [url, address]);
  }
});

Deno.test("addressOf() takes no other fragment for an address", () => {
  for (
    const fragment of ["", "#", "#chapter", "#1", "#1.2.3", "#1.2.3.4.5", "#[::1", "#1.2.3.4#"]
  ) {
    assertEquals(addressOf(`https://one.example/${fragment}`), undefined, fragment);
  }
});

const PLACES: readonly (readonly [addresses: readonly string[], places: readonly string[][]])[] = [
  [[], []],
  [["192.0.2.1"], [["192.0.2.1"]]],
  [["192.0.2.1", "192.0.2.1"], [["192.0.2.1"]]],
  [["192.0.2.2", "192.0.2.1"], [["192.0.2.2"], ["192.0.2.1"]]],
  // A host with one address of each family is one place: the family that the system prefers is tried first.
  [["::1", "192.0.2.1"], [["::1", "192.0.2.1"]]],
  [["192.0.2.1", "::1"], [["192.0.2.1", "::1"]]],
  [["::1", "192.0.2.1", "::2", "192.0.2.2"], [["::1", "192.0.2.1"], ["::2", "192.0.2.2"]]],
  // Of the family with fewer addresses, each serves several.
  [["::1", "192.0.2.1", "192.0.2.2", "192.0.2.3"], [
    ["192.0.2.1", "::1"],
    ["192.0.2.2", "::1"],
    ["192.0.2.3", "::1"],
  ]],
  [["::1", "::2", "::3", "::4", "::5"], [["::1"], ["::2"], ["::3"], ["::4"]]],
];

Deno.test("placesOf() counts a host with addresses of both families once", () => {
  for (const [addresses, places] of PLACES) {
    assertEquals(placesOf(addresses), places, addresses.join(", "));
  }
});

Deno.test("placesOf() returns no more places than are of use", () => {
  assertEquals(placesOf(["::1", "::2", "::3"], 2), [["::1"], ["::2"]]);
  assertEquals(placesOf(["::1", "::2", "::3", "::4", "::5"], 16).length, 4);
});
