import { assert } from "@std/assert";
import { failDisks } from "../../support/crash/failed_disks.ts";

Deno.test("whatever a disk without power has lost, resuming ends with the right file", async () => {
  const { complete, continued } = await failDisks({ seed: 1, states: 32 });
  assert(complete > 0 && continued > 0);
});
