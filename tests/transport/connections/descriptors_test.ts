import { assertEquals } from "@std/assert";
import { blameDescriptors } from "../../../lib/transport/connections/descriptors.ts";
import { readNetworkFailure } from "../../../lib/transport/network_failure.ts";

/** An error of `fetch` with these words of the system. */
function errorOf(words: string): Error {
  const prefix = "error sending request for url (http://one.example/): client error (Connect): ";
  return new TypeError("fetch failed", { cause: new Error(prefix + words) });
}

const UNKNOWN_NAME = "dns error: failed to lookup address information: Name or service not known";

Deno.test("readNetworkFailure(): no connection can be opened", () => {
  const { fault, permanent } = readNetworkFailure(
    errorOf("tcp open error: Too many open files (os error 24)"),
  );
  assertEquals([fault, permanent], ["descriptors", false]);
});

Deno.test("blameDescriptors(): a name that could not be looked up for lack of descriptors may exist", () => {
  const failure = readNetworkFailure(errorOf(UNKNOWN_NAME));
  assertEquals([failure.fault, failure.permanent], ["host", true]);
  const { fault, permanent, words } = blameDescriptors(failure, () => true);
  assertEquals([fault, permanent], ["descriptors", false]);
  assertEquals(words, "this process has too many files and connections open");
  // This process has enough.
  assertEquals(blameDescriptors(failure), failure);
});

Deno.test("blameDescriptors(): other failures are what they are", () => {
  const failure = readNetworkFailure(
    errorOf("tcp connect error: Connection refused (os error 111)"),
  );
  assertEquals(blameDescriptors(failure, () => true), failure);
});
