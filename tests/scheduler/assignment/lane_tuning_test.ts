import { assert, assertEquals } from "@std/assert";
import { simulateStrictly } from "../../support/simulator/invariants.ts";
import { megabits } from "../../support/simulator/mirror.ts";

Deno.test("LaneTuning: of a mirror that never answers with a range, no number of requests is reported", () => {
  const [missing, good] = megabits([[64, 20], [64, 20]]);
  const links = [{ ...missing!, gate: { inAll: 0, status: 404 } }, good!];
  const { events, requestsRefused } = simulateStrictly({
    links,
    size: 4_000_000,
    delay: "adaptive",
    maxConnectionsPerMirror: 8,
  }, 8);
  const lanes = events.flatMap((event) => event.type === "lanes" ? [event.mirror] : []);
  assert(lanes.length > 0);
  assertEquals(lanes.filter((url) => url.includes("mirror0")), []);
  // One in each form.
  assertEquals(requestsRefused, 3);
});
