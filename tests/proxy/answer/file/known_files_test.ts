import { assert, assertEquals } from "@std/assert";
import type { FileFacts } from "../../../../lib/proxy/answer/body/delivery.ts";
import {
  KnownFiles,
  MAX_RECORDS,
  type WantedFile,
} from "../../../../lib/proxy/answer/file/known_files.ts";

const OPTIONS = { rememberMs: Infinity, maxProbes: 4, trustDates: false, download: {} };
const VALIDATORS = { etag: '"1"', lastModified: undefined, strong: '"1"' };

function wanted(index: number): WantedFile {
  return { mirrors: [`http://a.test/${index}`], name: undefined };
}

/** Remembers files one after the other. */
async function remember(
  known: KnownFiles,
  count: number,
  contentType: string | undefined,
  learned?: string,
): Promise<void> {
  const never = new AbortController().signal;
  for (let index = 0; index < count; index++) {
    const { mirrors: [url = ""] } = wanted(index);
    const info = { size: 1, contentType, ...VALIDATORS, mirrors: [url] };
    const file = { info, digest: "d", digestStart: 0, mirrors: [] };
    const facts: FileFacts = { info, file };
    const record = await known.get(wanted(index), never, () => () => Promise.resolve(facts));
    const late = { url: `${url}?${learned}`, location: undefined, validators: VALIDATORS };
    if (learned !== undefined) {
      known.learn(wanted(index), record, [], { ...file, mirrors: [late] });
    }
  }
}

/** Returns the indexes of those that are still known. */
function kept(known: KnownFiles, count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
    .filter((index) => known.recall(wanted(index)) !== undefined);
}

Deno.test("KnownFiles remember a limited number of files, the latest", async () => {
  const known = new KnownFiles(OPTIONS);
  await remember(known, MAX_RECORDS + 10, "video/mp4");
  const left = kept(known, MAX_RECORDS + 10);
  assertEquals([left.length, left[0], left.at(-1)], [MAX_RECORDS, 10, MAX_RECORDS + 9]);
});

Deno.test("KnownFiles remember only so much, however much mirrors say, or downloads learn", async () => {
  const much = "x".repeat(1_000_000);
  for (const [contentType, learned] of [[much], [undefined, much]]) {
    const known = new KnownFiles(OPTIONS);
    await remember(known, 20, contentType, learned);
    const left = kept(known, 20);
    assert(left.length > 4 && left.length < 17, `${left}`);
    assertEquals(left.at(-1), 19);
    assert(known.recall(wanted(0)) === undefined);
  }
  // What is known of the latest one is kept, whatever it takes: its client is waiting.
  const known = new KnownFiles(OPTIONS);
  await remember(known, 2, "x".repeat(17_000_000));
  assertEquals(kept(known, 2), [1]);
});
