import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { keepConnections } from "../../../mod.ts";
import { SharedClient, sharedClient } from "../../../lib/transport/connections/shared_client.ts";

Deno.test("SharedClient is one client as long as something holds it, and closed then", () => {
  const shared = new SharedClient();
  const [one, other] = [shared.hold(), shared.hold()];
  const { client } = shared;
  one[Symbol.dispose]();
  one[Symbol.dispose]();
  assertStrictEquals(shared.client, client);
  other[Symbol.dispose]();
  // That the first was closed is seen by the test's sanitizer of resources.
  using _again = shared.hold();
  assertNotStrictEquals(shared.client, client);
});

Deno.test("keepConnections() holds the client of all downloads, and opens nothing", () => {
  using _kept = keepConnections();
  const client = (() => {
    using _download = sharedClient.hold();
    return sharedClient.client;
  })();
  using _later = sharedClient.hold();
  assertEquals(sharedClient.client === client, true);
});
