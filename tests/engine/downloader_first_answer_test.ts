/** Where the first answer is delivered at once (`deliverAfter`). */

import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { Downloader, type DownloaderOptions, MirrorMismatchError } from "../../mod.ts";
import { otherContent, randomContent } from "../support/lab/content.ts";
import type { MirrorOptions } from "../support/lab/mirror_lab.ts";
import { download, FILE, withMirrors } from "../support/download.ts";
import { each, letGoAt, onceDropped, UNTIL_DROPPED, UNTIL_OPEN } from "../support/held_mirrors.ts";

const FIRST: DownloaderOptions = { deliverAfter: "first-answer", stallTimeoutMs: 60_000 };
const OTHERS = [otherContent(FILE), randomContent(999_999, 3)] as const;
/** Slow enough that the others answer before it has sent all of the file. */
const NEAR: Partial<MirrorOptions> = { bytesPerSecond: 500_000 };
Deno.test("deliverAfter: a mirror that has another file is dropped, and the first one's is delivered", async () => {
  for (const content of OTHERS) {
    await withMirrors([{ content, ...UNTIL_OPEN }, UNTIL_DROPPED], async (urls, [other, first]) => {
      const onEvent = each(letGoAt("open", [other!]), onceDropped([first!]));
      const { error, sha256, stats } = await download(urls, { ...FIRST, onEvent });
      assertEquals([error, sha256], [undefined, FILE.sha256()]);
      assertEquals(stats.mirrors[0]!.state, "dropped");
      assertStringIncludes(stats.mirrors[0]!.message ?? "", "the mirror that answered first");
    });
  }
});

Deno.test("deliverAfter: more mirrors with another file are an error, and nothing of theirs is delivered", async () => {
  for (const content of OTHERS) {
    const others = [1, 2].map(() => ({ content, ...UNTIL_OPEN }));
    // The first one never sends all.
    await withMirrors([UNTIL_DROPPED, ...others], async (urls, [, ...mirrors]) => {
      const { error, bytes, sha256 } = await download(urls, {
        ...FIRST,
        onEvent: letGoAt("open", mirrors),
      });
      assertInstanceOf(error, MirrorMismatchError);
      assertEquals((error as MirrorMismatchError).files.length, 3);
      assert(bytes > 0);
      const delivered = FILE.read(0, bytes);
      assertEquals(sha256, createHash("sha256").update(delivered).digest("hex"));
    });
  }
});

Deno.test("deliverAfter: the first bytes are there while no other mirror has answered", async () => {
  await withMirrors([NEAR, { bytesPerSecond: 0 }, { bytesPerSecond: 0 }], async (urls) => {
    const downloader = new Downloader(urls, FIRST);
    for await (const chunk of downloader) {
      assert(chunk.length > 0);
      const { mirrors } = downloader.stats();
      assertEquals(mirrors.map(({ bytes }) => bytes > 0), [true, false, false]);
      break;
    }
  });
});

Deno.test("deliverAfter: an unknown value is refused", () => {
  let message = "";
  try {
    new Downloader(["http://a.example/"], { deliverAfter: "first" as "agreement" });
  } catch (error) {
    message = String(error);
  }
  assertStringIncludes(message, 'deliverAfter is "first"');
});
