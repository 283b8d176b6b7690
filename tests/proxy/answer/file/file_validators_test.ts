import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import type { FileInfo, KnownFile } from "../../../../mod.ts";
import {
  type FileValidators,
  fileValidators,
} from "../../../../lib/proxy/answer/file/file_validators.ts";
import { createHandler } from "../../../../server.ts";
import { QUICK, withMirrors } from "../../../support/download.ts";

const [MONDAY, TUESDAY] = ["Mon, 01 Jan 2024 00:00:00 GMT", "Tue, 02 Jan 2024 00:00:00 GMT"];

type Said = readonly [
  url: string,
  lastModified: string | undefined,
  etag?: string,
  location?: string,
];

/** Derives the validators of a file from what its mirrors report. */
function validatorsOf(
  said: readonly Said[],
  before?: FileValidators,
  digest = "d",
  size = 1000,
  changes?: number,
  moment = { nowMs: Date.UTC(2026, 0, 1), processId: "one" },
  trustDates = false,
) {
  const about = { size, contentType: undefined, etag: undefined, lastModified: said[0]?.[1] };
  const info: FileInfo = { ...about, mirrors: said.map(([url]) => url) };
  const mirrors = said.map(([url, lastModified, etag, location]) => {
    const strong = etag?.startsWith("W/") ? undefined : etag ?? lastModified;
    const validators = { etag, lastModified, strong };
    return { url, location, validators };
  });
  const file: KnownFile = { info, digest, digestStart: 0, mirrors };
  const evidence = {
    changes: changes ?? before?.changes ?? 0,
    unreliable: new Set<string>(),
    trustDates,
  };
  return fileValidators(info, file, before, evidence, moment);
}

const A: Said = ["http://a.test/f", MONDAY];
const B: Said = ["http://b.test/f", TUESDAY];
const C: Said = ["http://c.test/f", MONDAY, '"c"'];

Deno.test("fileValidators() do not depend on which mirrors respond if their tags and dates agree", async () => {
  const all = await validatorsOf([["http://a.test/f", MONDAY, '"c"'], C]);
  assertMatch(all.etag!, /^"[\w+/-]+"$/);
  assertEquals(all.lastModified, MONDAY);
  const others = await Promise.all(
    [[C], [["http://d.test/", MONDAY, '"c"']]].map((said) => validatorsOf(said as Said[])),
  );
  assertEquals(others.map(({ etag }) => etag), [all.etag, all.etag]);
});

const OTHER_PROCESS = { nowMs: Date.UTC(2026, 0, 1), processId: "two" };

Deno.test("fileValidators(): a tag is strong, and good for other processes, only where validators prove it", async () => {
  const [one, other]: Said[] = [["http://a.test/f", undefined, '"1"'], [
    "http://b.test/f",
    undefined,
    '"1"',
  ]];
  /** Other processes derive the same: always, only if they trust dates, or never. */
  type Elsewhere = "always" | "by dates" | "never";
  const table: [name: string, said: Said[], strong: boolean, elsewhere: Elsewhere][] = [
    ["one mirror's tag", [one!], true, "always"],
    ["one tag", [one!, other!], true, "always"],
    ["a date alone", [A], true, "by dates"],
    ["one date", [A, ["http://b.test/f", MONDAY]], true, "by dates"],
    ["a tag at one mirror, one date", [A, C], true, "by dates"],
    ["tags that differ, one date", [["http://a.test/f", MONDAY, '"1"'], C], true, "by dates"],
    // Nothing common: only this process notices a change.
    ["tags that differ", [one!, ["http://b.test/f", undefined, '"2"']], true, "never"],
    ["a tag, and another's date", [one!, B], true, "never"],
    ["dates that differ", [A, B], true, "never"],
    // Nothing but the size and the first bytes: another file may have them.
    ["nothing", [["http://a.test/f", undefined]], false, "always"],
    ["a weak tag", [["http://a.test/f", MONDAY, 'W/"1"']], true, "never"],
    ["nothing beside a tag", [one!, ["http://b.test/f", undefined]], false, "always"],
  ];
  for (const [name, said, strong, elsewhere] of table) {
    for (const trustDates of [false, true]) {
      const derived = (moment?: typeof OTHER_PROCESS) =>
        validatorsOf(said, undefined, "d", 1000, undefined, moment, trustDates);
      const { etag, isLasting } = await derived();
      assertEquals(!etag!.startsWith("W/"), strong, name);
      const isSame = elsewhere === "always" || (elsewhere === "by dates" && trustDates);
      assertEquals((await derived(OTHER_PROCESS)).etag === etag, isSame, `${name}, ${trustDates}`);
      assertEquals(isLasting, strong && isSame, name);
      assertEquals((await derived()).etag, etag, name);
    }
  }
});

Deno.test("fileValidators(): what changed under the same strong tag has a tag of this process", async () => {
  const changed = async (moment?: typeof OTHER_PROCESS) =>
    await validatorsOf([C], await validatorsOf([C]), "d", 1000, 1, moment);
  const { etag, isLasting } = await changed();
  assert(!isLasting);
  assertNotEquals((await changed(OTHER_PROCESS)).etag, etag);
});

Deno.test("fileValidators(): a tag without a strong one behind it is that of the mirrors that were named", async () => {
  const tag = async (named: readonly string[], etag?: string) => {
    const about = { size: 1000, contentType: undefined, etag, lastModified: MONDAY };
    const validators = { etag, lastModified: MONDAY, strong: etag ?? MONDAY };
    const info = { ...about, mirrors: [A[0]] };
    const mirrors = [{ url: A[0], location: undefined, validators }];
    const file = { info, digest: "d", digestStart: 0, mirrors };
    const evidence = { unreliable: new Set<string>(), changes: 0, named };
    return (await fileValidators(info, file, undefined, evidence)).etag;
  };
  assertNotEquals(await tag([A[0]]), await tag([B[0]]));
  assertEquals(await tag([A[0], B[0]]), await tag([B[0], A[0]]));
  assertEquals(await tag([A[0]], '"1"'), await tag([B[0]], '"1"'));
});

Deno.test("fileValidators(): a mirror that proves nothing makes the tag weak, and no more", async () => {
  const bare: Said = ["http://b.test/f", undefined];
  const first = await validatorsOf([C]);
  const both = await validatorsOf([C, bare], first);
  assertEquals(both.etag, `W/${first.etag}`);
  const alone = await validatorsOf([C], both);
  assertEquals(alone.etag, both.etag);
});

Deno.test("fileValidators(): Last-Modified is written anew, or left out", async () => {
  const table: [said: string, sent: string | undefined][] = [
    [MONDAY, MONDAY],
    ["Monday, 01-Jan-24 00:00:00 GMT", MONDAY],
    ["Mon Jan  1 00:00:00 2024", MONDAY],
    ["1 Jan 2024 00:00:00", MONDAY],
    ["<script>alert(1)</script>", undefined],
    ["yesterday", undefined],
    ["", undefined],
    ["Sat, 01 Jan 2101 00:00:00 GMT", undefined],
    ["Thu, 01 Jan 2026 00:00:01 GMT", undefined],
    ["Thu, 01 Jan 2026 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:00 GMT"],
  ];
  for (const [said, sent] of table) {
    const { lastModified } = await validatorsOf([["http://a.test/f", said, '"1"']]);
    assertEquals(lastModified, sent, said);
    const empty = await validatorsOf([["http://a.test/f", said]], undefined, "d", 0);
    assertEquals(empty.lastModified, sent, said);
  }
});

Deno.test("fileValidators() stay when a mirror with another date fails and returns", async () => {
  const both = await validatorsOf([A, B]);
  assertEquals(both.lastModified, undefined);
  for (const left of [[A], [B]]) {
    const one = await validatorsOf(left, both);
    assertEquals([one.etag, one.lastModified], [both.etag, undefined]);
    const back = await validatorsOf([A, B], one);
    assertEquals([back.etag, back.lastModified], [both.etag, undefined]);
  }
});

Deno.test("fileValidators() change with size, first bytes, and a mirror's own validators", async () => {
  const before = await validatorsOf([A, B]);
  const tags = new Set([before.etag]);
  for (
    const next of [
      await validatorsOf([A, B], before, "other"),
      await validatorsOf([A, B], before, "d", 1001),
      await validatorsOf([["http://a.test/f", TUESDAY], B], before),
      // No common date either, but another file.
      await validatorsOf([["http://a.test/f", "Wed, 03 Jan 2024 00:00:00 GMT"], B], before),
    ]
  ) tags.add(next.etag);
  assertEquals(tags.size, 5);
  // A mirror that had failed reveals its change too.
  const alone = await validatorsOf([B], before);
  const changed = await validatorsOf([["http://a.test/f", TUESDAY], B], alone);
  assertNotEquals(changed.etag, before.etag);
});

Deno.test("fileValidators(): a mirror that returns to validators it had contradicted is unreliable", async () => {
  const [one, other]: Said[] = [["http://a.test/f", MONDAY, '"1"'], [
    "http://a.test/f",
    MONDAY,
    '"2"',
  ]];
  const first = await validatorsOf([one!]);
  const second = await validatorsOf([other!], first);
  // It may have changed.
  assertNotEquals(second.etag, first.etag);
  let last = second;
  for (const said of [one!, other!, ["http://a.test/f", TUESDAY, '"3"'] as const, one!]) {
    last = await validatorsOf([said], last);
    assertEquals(last.etag, second.etag);
  }
  // The bytes still count, and so do other mirrors.
  assertNotEquals((await validatorsOf([one!], last, "other")).etag, second.etag);
  const beside = await validatorsOf([one!, C], last);
  assertEquals(beside.etag, second.etag);
  const changed = await validatorsOf([one!, ["http://c.test/f", MONDAY, '"new"']], beside);
  assertNotEquals(changed.etag, second.etag);
});

Deno.test("fileValidators(): a mirror that a download found unreliable is not compared", async () => {
  const first = await validatorsOf([C]);
  const learned = { ...first, unreliable: new Set([C[0]]) };
  assertEquals((await validatorsOf([[C[0], TUESDAY, '"x"']], learned)).etag, first.etag);
});

Deno.test("fileValidators(): validators belong to the place that a redirect leads to", async () => {
  const at = (location: string, etag: string): Said => ["http://a.test/f", MONDAY, etag, location];
  const first = await validatorsOf([at("http://x.test/f?sign=1", '"x"')]);
  for (
    const said of [
      at("http://y.test/f?sign=2", '"y"'),
      at("http://x.test/f?sign=3", '"x"'),
      at("http://y.test/f?sign=4", '"y"'),
    ]
  ) assertEquals((await validatorsOf([said], first)).etag, first.etag);
  const changed = await validatorsOf([at("http://x.test/f?sign=5", '"new"')], first);
  assertNotEquals(changed.etag, first.etag);
});

Deno.test("fileValidators(): bytes that changed get another tag, whatever the validators say", async () => {
  const tags = new Set<string | undefined>();
  let last = await validatorsOf([C]);
  tags.add(last.etag);
  for (let changes = 1; changes < 4; changes++) {
    last = await validatorsOf([C], last, "d", 1000, changes);
    tags.add(last.etag);
    assertEquals((await validatorsOf([C], last, "d", 1000, changes)).etag, last.etag);
  }
  assertEquals(tags.size, 4);
});

Deno.test("fileValidators() remember a limited number of places", async () => {
  let last = await validatorsOf([C]);
  for (let index = 0; index < 200; index++) {
    last = await validatorsOf([[C[0], MONDAY, `"${index}"`, `http://x.test/${index}`]], last);
  }
  assert(last.places.size <= 64, `${last.places.size}`);
  for (let index = 0; index < 200; index++) {
    last = await validatorsOf([[C[0], MONDAY, `"${index}"`]], last);
  }
  assert([...last.places.values()].flat().length <= 68);
});

Deno.test("/proxy: the ETag stays when a mirror with another date fails", async () => {
  const dates = ["2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z", "2024-02-01T00:00:00Z"];
  const lab = dates.map((date) => ({ lastModified: new Date(date) }));
  await withMirrors(lab, async (urls, mirrors) => {
    const options = { allowPrivate: true, rememberMs: 0, download: QUICK };
    await using handler = createHandler(options);
    const head = async () => {
      const request = new Request(`http://proxy.test/proxy?host=${urls}`, { method: "HEAD" });
      const { headers } = await handler(request);
      return [headers.get("etag"), headers.get("last-modified")];
    };
    const first = await head();
    assert(first[0] !== null);
    await mirrors[1]!.close();
    assertEquals(await head(), first);
    await mirrors[2]!.close();
    assertEquals(await head(), first);
  });
});
