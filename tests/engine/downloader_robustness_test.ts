import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { Downloader, MirrorMismatchError, NoMirrorLeftError } from "../../mod.ts";
import { otherContent, randomContent } from "../support/lab/content.ts";
import {
  download,
  FILE,
  IMPATIENT,
  QUICK,
  withMirrors,
  withMirrorsAtOnce,
} from "../support/download.ts";
import {
  each,
  LATE_BLOCK,
  letGoAt,
  letGoWhen,
  onceDropped,
  onceLate,
  UNTIL_DROPPED,
  UNTIL_OPEN,
} from "../support/held_mirrors.ts";
import { type MirrorOptions, startMirror } from "../support/lab/mirror_lab.ts";

const OTHER_BYTES = otherContent(FILE);
const OTHER_SIZE = randomContent(FILE.size - 5000, 99);

type Mirrors = Partial<MirrorOptions>[];

/** A mirror whose first answer comes that late. */
function late(delayMs: number, options: Partial<MirrorOptions> = {}): Partial<MirrorOptions> {
  return { ...options, faults: [{ kind: "slow-headers", delayMs, count: 1 }] };
}

/** A `fetch` for which `http://origin.test` redirects to `target`. */
function redirecting(target: () => string): typeof fetch {
  return (input, init) =>
    String(input).startsWith("http://origin.test")
      ? Promise.resolve(new Response(null, { status: 302, headers: { location: target() } }))
      : fetch(input, init);
}

const survived: Record<string, Mirrors> = {
  "a whole body that stalls within its first bytes": [
    { ranges: false, faults: [{ kind: "stall", afterBytes: 3000, count: 1 }] },
  ],
  "a whole body that is reset within its first bytes": [
    { ranges: false, faults: [{ kind: "reset", afterBytes: 3000, count: 1 }] },
  ],
  "a mirror that tells the size after one without has begun": [
    { unknownLength: "chunked", bytesPerSecond: 400_000 },
    late(350),
  ],
  "the only mirror with a size dies, one without goes on": [
    { unknownLength: "star" },
    { faults: [{ kind: "status", status: 404, from: 3 }] },
  ],
  "a mirror that suddenly ignores Range, without validators": [
    { etag: null, lastModified: null, faults: [{ kind: "ignore-range", from: 2, count: 2 }] },
  ],
};

for (const [name, mirrors] of Object.entries(survived)) {
  Deno.test(`Downloader survives ${name}`, async () => {
    await withMirrors(mirrors, async (urls) => {
      const outcome = await download(urls, name.includes("stalls") ? IMPATIENT : {});
      assertEquals([outcome.error, outcome.sha256], [undefined, FILE.sha256()]);
    });
  });
}

Deno.test("Downloader survives a late wrong mirror, outvoted by a later one", async () => {
  const mirrors = [UNTIL_DROPPED, { content: OTHER_SIZE, ...UNTIL_OPEN }, UNTIL_OPEN];
  await withMirrors(mirrors, async (urls, [first, wrong, later]) => {
    const outcome = await download(urls, {
      stallTimeoutMs: 60_000,
      onEvent: each(
        letGoAt("open", [wrong!]),
        letGoWhen([later!], (event) => event.type === "answer" && event.mirror === urls[1]),
        onceDropped([first!]),
      ),
    });
    assertEquals([outcome.error, outcome.sha256], [undefined, FILE.sha256()]);
    assertEquals(outcome.stats.mirrors[1]!.state, "dropped");
  });
});

for (
  const [name, options] of Object.entries({
    "a weak ETag": { etag: 'W/"a"', lastModified: null },
    "a date that is not strong": { etag: null, responseHeaders: { date: "no date" } },
  })
) {
  Deno.test(`Downloader: a file that changes under ${name} is no splice`, async () => {
    await withMirrors([{ bytesPerSecond: 4e6, ...options }], async (urls, [mirror]) => {
      let changed = false;
      const { error } = await download(urls, {
        delayRequest: ({ received }) => {
          if (received >= 4 && !changed) {
            mirror!.setContent(OTHER_BYTES, options.etag === null ? null : 'W/"b"');
            changed = true;
          }
          return 0;
        },
      });
      assertInstanceOf(error, NoMirrorLeftError);
    });
  });
}

Deno.test("Downloader: a redirect that leads to another file later is no splice", async () => {
  await using first = await startMirror({ content: FILE, bytesPerSecond: 4e6 });
  await using second = await startMirror({ content: OTHER_BYTES });
  let target = first.url;
  const { error } = await download(["http://origin.test/file"], {
    fetch: redirecting(() => target),
    delayRequest: ({ received }) => {
      if (received >= 4) {
        target = second.url;
        first.setFaults([{ kind: "status", status: 403 }]);
      }
      return 0;
    },
  });
  assertInstanceOf(error, NoMirrorLeftError);
});

Deno.test("Downloader: a mirror is asked for its redirect again when the target fails", async () => {
  const first = await startMirror({ content: FILE, bytesPerSecond: 4e6 });
  await using second = await startMirror({ content: FILE });
  let target = first.url;
  const outcome = await download(["http://origin.test/file"], {
    fetch: redirecting(() => target),
    delayRequest: ({ received }) => {
      if (received >= 4 && target !== second.url) {
        target = second.url;
        void first.close();
      }
      return 0;
    },
  });
  await first.close();
  assertEquals([outcome.error, outcome.sha256], [undefined, FILE.sha256()]);
});

Deno.test("Downloader: a disagreement of two that shows late is an error", async () => {
  for (const content of [OTHER_SIZE, OTHER_BYTES]) {
    const mirrors = [UNTIL_DROPPED, { content, ...UNTIL_OPEN }];
    await withMirrors(mirrors, async (urls, [, other]) => {
      const onEvent = letGoAt("open", [other!]);
      const { error } = await download(urls, { stallTimeoutMs: 60_000, onEvent });
      assertInstanceOf(error, MirrorMismatchError);
    });
  }
});

for (const which of ["delayRequest", "duplicateRequest"] as const) {
  Deno.test(`Downloader: a ${which} function that throws ends the download with its error`, async () => {
    await withMirrors(LATE_BLOCK, async (urls, mirrors) => {
      let calls = 0;
      const broken = () => {
        if (++calls > 1) throw new Error("algorithm broke");
        return 0 as never;
      };
      const downloader = new Downloader(urls, {
        ...QUICK,
        stallTimeoutMs: 60_000,
        delayRequest: () => 0,
        [which]: broken,
        onEvent: onceLate(urls, mirrors),
      });
      await assertRejects(() => Array.fromAsync(downloader), Error, "algorithm broke");
    });
  });
}

Deno.test("Downloader: a signal ends it also when only the reading is left", async () => {
  await withMirrors([{}], async (urls) => {
    const controller = new AbortController();
    const downloader = new Downloader(urls, { ...QUICK, signal: controller.signal });
    const iterator = downloader[Symbol.asyncIterator]();
    await iterator.next();
    while (downloader.stats().receivedBytes < FILE.size) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    controller.abort(new Error("stop"));
    await assertRejects(() => iterator.next() as Promise<unknown>, Error, "stop");
  });
});

Deno.test("Downloader: a mirror whose answers cannot be read is a mirror that failed", async () => {
  const body = () =>
    new ReadableStream({ start: (controller) => controller.error(new Error("reset")) });
  const used = () => {
    const response = new Response("x".repeat(5000));
    void response.text();
    return response;
  };
  for (const answer of [() => new Response(body(), { status: 503 }), used]) {
    const half: typeof fetch = (input, init) =>
      String(input).startsWith("http://bad") ? Promise.resolve(answer()) : fetch(input, init);
    // The other one says nothing until then.
    await withMirrors([{ bytesPerSecond: 0 }], async (urls, mirrors) => {
      const onEvent = letGoAt("failure", mirrors);
      const outcome = await download([...urls, "http://bad.test/file"], { fetch: half, onEvent });
      assertEquals([outcome.error, outcome.sha256], [undefined, FILE.sha256()]);
      assert(outcome.events.some(({ type }) => type === "failure"));
    });
  }
});

Deno.test("Downloader: a retired mirror helps when the last one at work stalls", async () => {
  const stall = { kind: "stall", afterBytes: 20_000, from: 4, count: 1 } as const;
  await withMirrorsAtOnce([{ faults: [stall] }, {}], async (urls, [first]) => {
    const outcome = await download(urls, {
      maxBlocksPerRequest: 1,
      // For the second one, what is left is too little.
      delayRequest: ({ mirror, left }) => mirror.url === urls[1] ? 2 * left : 0,
    });
    assertEquals([outcome.error, outcome.sha256], [undefined, FILE.sha256()]);
    assert(first!.requests.some(({ ended }) => ended === "fault"));
    const second = outcome.events.filter((event) => "mirror" in event && event.mirror === urls[1]);
    assert(second.some((event) => event.type === "mirror" && event.state === "retired"));
    assert(second.some(({ type }) => type === "send"));
  });
});
