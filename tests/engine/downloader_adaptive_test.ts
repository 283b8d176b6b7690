import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { otherContent, randomContent } from "../support/lab/content.ts";
import {
  download,
  FILE,
  IMPATIENT,
  type Outcome,
  withMirrors,
  withMirrorsAtOnce,
} from "../support/download.ts";
import { letGoAt } from "../support/held_mirrors.ts";
import type { Fault } from "../support/lab/faults.ts";
import type { MirrorOptions } from "../support/lab/mirror_lab.ts";
import type { DownloaderOptions } from "../../mod.ts";

type Mirrors = readonly Partial<MirrorOptions>[];

/** Downloads the file by the adaptive algorithm: its bytes must be the right ones. */
async function adaptive(
  urls: readonly string[],
  options: DownloaderOptions = {},
  content = FILE,
): Promise<Outcome> {
  const outcome = await download(urls, { delayRequest: "adaptive", ...options });
  assertEquals([outcome.error, outcome.bytes], [undefined, content.size]);
  assertEquals(outcome.sha256, content.sha256());
  return outcome;
}

/** A file that one response to a first request does not bring. */
const LONG = randomContent(3_000_000, 5);

/** Links on which the file takes several requests of each mirror. */
const LINKS: Mirrors = [
  { bytesPerSecond: 3e6, roundTripMs: 4 },
  { bytesPerSecond: 2e6, roundTripMs: 10 },
  { bytesPerSecond: 1e6, roundTripMs: 20 },
];

/** The same with something that goes wrong on the best of them. */
function withFaults(...faults: readonly Fault[]): Mirrors {
  return LINKS.map((link, index) => index === 0 ? { ...link, faults } : link);
}

for (const maxConnectionsPerMirror of [1, 2, 4]) {
  Deno.test(`adaptive, up to ${maxConnectionsPerMirror} requests to a mirror: the right bytes, each block once`, async () => {
    await withMirrors(LINKS, async (urls) => {
      const { events } = await adaptive(urls, { maxConnectionsPerMirror });
      const blocks = events.flatMap((event) => event.type === "receive" ? [event.block] : []);
      assertEquals(blocks.toSorted((a, b) => a - b), Array.from({ length: 21 }, (_, i) => i));
    });
  });
}

const faults: Record<string, Fault> = {
  "resets mid-body": { kind: "reset", afterBytes: 20_000 },
  "truncates bodies": { kind: "truncate", afterBytes: 20_000 },
  "stalls mid-body": { kind: "stall", afterBytes: 20_000 },
  "stalls before headers": { kind: "stall", beforeHeaders: true },
  "refuses connections": { kind: "refuse" },
  "answers 503": { kind: "status", status: 503 },
  "sends shorter ranges": { kind: "shorter", bytes: 7777 },
  "ignores ranges": { kind: "ignore-range" },
  "has slow headers": { kind: "slow-headers", delayMs: 120 },
};

/** From the start, after its first bytes, later, and once only. */
const WHEN = [{ from: 0 }, { from: 1, count: 2 }, { from: 2 }, { from: 3, count: 1 }];

for (const [name, fault] of Object.entries(faults)) {
  Deno.test(`adaptive: a mirror that ${name}, at once, for a while or from then on, is replaced`, async () => {
    await Promise.all(
      WHEN.map((when) =>
        withMirrors(withFaults({ ...fault, ...when }), async (urls) => {
          await adaptive(urls);
        })
      ),
    );
  });
}

for (const name of ["resets mid-body", "stalls mid-body", "answers 503", "sends shorter ranges"]) {
  Deno.test(`adaptive: the only mirror ${name} twice, and is retried`, async () => {
    const [link] = LINKS;
    const twice = { ...faults[name]!, from: 1, count: 2 };
    await withMirrors([{ ...link, faults: [twice] }], async (urls) => {
      await adaptive(urls, IMPATIENT);
    });
  });
}

Deno.test("adaptive: mirrors that all reset again and again still bring the file", async () => {
  const resets: Fault = { kind: "reset", afterBytes: 40_000, from: 1 };
  const links = LINKS.map((link) => ({ ...link, faults: [resets], content: LONG }));
  await withMirrors(links, async (urls) => {
    const { stats } = await adaptive(urls, {}, LONG);
    assert(stats.mirrors.some(({ failures }) => failures > 1));
  });
});

Deno.test("adaptive: a mirror that goes silent and returns is used again", async () => {
  const silence = { ratesAt: [[0.05, 0], [0.5, 3e6]] as const };
  for (const others of [LINKS.slice(1), []]) {
    await withMirrors([{ ...LINKS[0], ...silence }, ...others], async (urls) => {
      await adaptive(urls, { retry: { attempts: 20, minDelayMs: 5, maxDelayMs: 100 } });
    });
  }
});

Deno.test("adaptive: mirrors that go silent one after the other, each time all but one", async () => {
  const mirrors = LINKS.map((link, index) => ({
    ...link,
    ratesAt: [[0.05 + 0.15 * index, 0], [0.2 + 0.15 * index, link.bytesPerSecond!]] as const,
  }));
  await withMirrors(mirrors, async (urls) => {
    await adaptive(urls, { retry: { attempts: 20, minDelayMs: 5, maxDelayMs: 100 } });
  });
});

Deno.test("adaptive: a mirror that answers 503 to its second request goes on with one", async () => {
  // The first one is for the beginning, which takes seconds until the second one was refused.
  const busy: Fault = { kind: "status", status: 503, from: 1, count: 1 };
  const slow = { bytesPerSecond: 300_000, content: LONG, faults: [busy] };
  // The others never send more: what is left is its own.
  const others = LINKS.slice(1).map((link) => ({ ...link, content: LONG, silentAfter: 100_000 }));
  await withMirrors([slow, ...others], async (urls, [mirror]) => {
    const onEvent = letGoAt("failure", [mirror!]);
    const { stats, events } = await adaptive(urls, { maxConnectionsPerMirror: 3, onEvent }, LONG);
    const { failures, state } = stats.mirrors[0]!;
    assertEquals([failures, state === "dropped"], [0, false]);
    assert(events.some((event) => event.type === "failure" && event.mirror === urls[0]));
    assert(mirror!.requests.length >= 3, `${mirror!.requests.length} requests`);
  });
});

/** A `fetch` for which no server takes more than one request at once: the second gets a 503. */
function oneAtOnce(): { fetch: typeof fetch; refused: () => number } {
  const busy = new Set<string>();
  let refused = 0;
  const limited: typeof fetch = async (input, init) => {
    const url = String(input);
    if (busy.has(url)) {
      refused++;
      return new Response("busy", { status: 503 });
    }
    busy.add(url);
    const free = () => void busy.delete(url);
    init?.signal?.addEventListener("abort", free);
    try {
      const response = await fetch(input, init);
      const watched = new TransformStream<Uint8Array, Uint8Array>({ flush: free, cancel: free });
      return new Response(response.body!.pipeThrough(watched), response);
    } catch (error) {
      free();
      throw error;
    }
  };
  return { fetch: limited, refused: () => refused };
}

Deno.test("adaptive: servers that accept one request at once serve the file, and are not dropped", async () => {
  const links = LINKS.map((link) => ({ ...link, content: LONG }));
  await withMirrors(links, async (urls) => {
    const { fetch, refused } = oneAtOnce();
    const retry = { attempts: 30, minDelayMs: 5 };
    const { stats } = await adaptive(urls, { fetch, retry }, LONG);
    assert(refused() > 0, "nobody was asked for two things at once");
    assert(stats.mirrors.every(({ state }) => state !== "dropped"));
  });
});

const WRONG = otherContent(FILE);
const SHORTER = randomContent(FILE.size - 999, 3);

for (const [name, content] of Object.entries({ bytes: WRONG, size: SHORTER })) {
  Deno.test(`adaptive: a first mirror with other ${name} than two slower ones is outvoted in time`, async () => {
    // The others answer once more of it is requested.
    const silent = { bytesPerSecond: 0 };
    await withMirrorsAtOnce([{ content }, silent, silent], async (urls, mirrors) => {
      const onEvent = letGoAt("send", mirrors);
      const { stats, events } = await adaptive(urls, { onEvent });
      const [wrong] = stats.mirrors;
      assertEquals(wrong!.state, "dropped");
      assertStringIncludes(wrong!.message ?? "", name === "size" ? "bytes" : "different content");
      // What was requested by then came no more than once, and was thrown away.
      const asked = events.findIndex(({ type }) => type === "send");
      const opened = events.findIndex(({ type }) => type === "open");
      assert(asked >= 0 && asked < opened, `${asked}, ${opened}`);
      assert(wrong!.bytes <= content.size, `${wrong!.bytes} bytes`);
      assertEquals(wrong!.wastedBytes, wrong!.bytes);
    });
  });
}

Deno.test("adaptive: two followers of a wrong mirror are outvoted by three others", async () => {
  const wrong = { content: WRONG };
  const right = { bytesPerSecond: 0 };
  await withMirrorsAtOnce([wrong, wrong, right, right, right], async (urls, mirrors) => {
    const { stats } = await adaptive(urls, { onEvent: letGoAt("answer", mirrors, { count: 2 }) });
    const states = stats.mirrors.map(({ state }) => state === "dropped");
    assertEquals(states, [true, true, false, false, false]);
  });
});

Deno.test("adaptive: a slow consumer gets every byte through a small window", async () => {
  await withMirrors(LINKS, async (urls) => {
    await adaptive(urls, { windowSize: 100_000 });
  });
});
