import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { race, type RaceSettings } from "../../../lib/cli/mirrors/race.ts";
import { keepConnections } from "../../../mod.ts";
import { inTime, withMirrors } from "../../support/download.ts";
import { randomContent } from "../../support/lab/content.ts";
import type { MirrorOptions } from "../../support/lab/mirror_lab.ts";

/** Enough time for a busy machine: a race is over when all have answered. */
const SETTINGS: RaceSettings = {
  options: {},
  signal: new AbortController().signal,
  timeMs: 300_000,
};

Deno.test("race() ranks the mirrors by their answers, and leaves out those without the file", async () => {
  const slow: Partial<MirrorOptions> = { roundTripMs: 300 };
  const missing: Partial<MirrorOptions> = { faults: [{ kind: "status", status: 404 }] };
  const lab = [slow, {}, missing, { content: randomContent(5000, 3) }, {}];
  using _kept = keepConnections();
  await withMirrors(lab, async (urls) => {
    const closed = "http://127.0.0.1:1/file.bin";
    const { ranked, details, answered } = await race([...urls, closed], SETTINGS);
    assertEquals([new Set(ranked), answered], [new Set([urls[0]!, urls[1]!, urls[4]!]), 4]);
    const said = (url: string) => details.find((line) => line.startsWith(`${url} `)) ?? "";
    assertMatch(said(urls[0]!), / answered in \d+ ms$/);
    assertMatch(said(urls[2]!), / is left out: .*404/);
    assertMatch(said(urls[3]!), / is left out: has 5000 bytes, not 1012345$/);
    assertMatch(said(closed), / is left out: /);
  });
});

Deno.test("race() asks each of hundreds of mirrors, a bounded number of them at a time, over connections that end", async () => {
  let [under, most] = [0, 0];
  const open = new Set<string | null>();
  const counting: typeof fetch = async (input, init) => {
    most = Math.max(most, ++under);
    open.add(new Headers(init?.headers).get("connection"));
    try {
      return await fetch(input, init);
    } finally {
      under--;
    }
  };
  await withMirrors([{}], async ([url], [mirror]) => {
    const urls = Array.from({ length: 80 }, (_, index) => `${url}?${index}`);
    const { ranked } = await race(urls, { ...SETTINGS, options: { fetch: counting } });
    assertEquals([ranked.length, mirror!.requests.length], [80, 80]);
    assert(most <= 64, `${most} requests at once`);
    assertEquals(open, new Set(["close"]));
  });
});

Deno.test("race() ends in time though mirrors are silent, and at once if it is aborted", async () => {
  await withMirrors([{ bytesPerSecond: 0 }, {}], async ([silent, good]) => {
    const urls = [good!, ...Array.from({ length: 100 }, (_, index) => `${silent}?${index}`)];
    assertEquals((await race(urls, { ...SETTINGS, timeMs: 1500 })).ranked, [good]);
    const abort = new AbortController();
    const racing = race([silent!], { ...SETTINGS, signal: abort.signal });
    abort.abort(new Error("stop"));
    await assertRejects(() => racing, Error, "stop");
  });
});

Deno.test("race() counts no more than a quarter of its time while the process stands still", async () => {
  await withMirrors([{}], (urls) =>
    inTime(async () => {
      const racing = race(urls, { ...SETTINGS, timeMs: 150 });
      const until = performance.now() + 700;
      while (performance.now() < until) { /* the process stands still */ }
      assertEquals((await racing).ranked, urls);
    }));
});

Deno.test("race() asks no mirror for proof that a few bytes cannot give", async () => {
  await withMirrors([{}, {}], async (urls) => {
    const { ranked } = await race(urls, { ...SETTINGS, options: { requireProof: "digest" } });
    assertEquals(new Set(ranked), new Set(urls));
  });
});
