import { assertEquals } from "@std/assert";
import { MirrorMismatchError } from "../../../../mod.ts";
import { outvoted } from "../../../../lib/cli/run/checks/outvoted.ts";
import { FILE, QUICK, withMirrors } from "../../../support/download.ts";
import { otherContent } from "../../../support/lab/content.ts";

Deno.test("outvoted() finds those with other bytes than most; who does not answer has no vote", async () => {
  const gone = { faults: [{ kind: "status" as const, status: 404 }] };
  const lab = [{}, { content: otherContent(FILE, 300_000) }, {}, gone];
  await withMirrors(lab, async (urls) => {
    const error = new MirrorMismatchError(
      urls.map((mirror) => ({ mirror, size: FILE.size, digest: "d", differsAt: 400_000 })),
    );
    const { signal } = new AbortController();
    assertEquals(await outvoted(error, urls, { ...QUICK, signal }), [urls[1]]);
    // One against one decides nothing.
    assertEquals(await outvoted(error, [urls[1]!, urls[2]!, urls[3]!], { ...QUICK, signal }), []);
    const aborted = AbortSignal.abort(new Error("stopped"));
    assertEquals(await outvoted(error, urls, { ...QUICK, signal: aborted }), []);
  });
});
