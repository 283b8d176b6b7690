import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import {
  difference,
  mergeRecords,
  readRecord,
  recordedFile,
  type RecordedMirror,
  recordFacts,
  removeRecord,
  type ResumeRecord,
  writeRecord,
} from "../../../lib/cli/part/resume_record.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { partWorkplace } from "../../support/cli/part_workplace.ts";

const mirror = (url: string, etag?: string, lastModified?: string): RecordedMirror => ({
  url,
  etag,
  lastModified,
});

const record = (size: number | undefined, ...mirrors: RecordedMirror[]): ResumeRecord => ({
  size,
  start: 0,
  hashes: undefined,
  mirrors,
  pieces: [],
  mixed: undefined,
});

const A = "http://a.example/f";
const B = "http://b.example/f";
const MONDAY = "Mon, 01 Jan 2024 00:00:00 GMT";
const TUESDAY = "Tue, 02 Jan 2024 00:00:00 GMT";

Deno.test("a record is read as it was written, and nothing else stays", async () => {
  using place = partWorkplace();
  const pieces = [{ start: 0, end: 65_536, crc32: 77 }];
  const hashes = { "sha-256": "ab".repeat(32) };
  const written = {
    ...record(10, mirror(A, '"1"', MONDAY), mirror(B)),
    hashes,
    pieces,
    mixed: true,
  };
  await writeRecord(place.part, record(undefined, mirror(A)));
  await writeRecord(place.part, written);
  assertEquals(place.names(), ["f.part.json"]);
  assertEquals(await readRecord(place.part, "f.part"), { record: written, note: undefined });
  assertEquals(JSON.parse(Deno.readTextFileSync(place.record)).version, 1);
  if (Deno.build.os !== "windows") {
    assertEquals(Deno.statSync(place.record).mode! & 0o077, 0, "signed URLs are private");
  }
  await removeRecord(place.part);
  await removeRecord(place.part);
  assertEquals(place.names(), []);
});

Deno.test("a record that a kill kept from its name is written over", async () => {
  using place = partWorkplace();
  Deno.writeTextFileSync(`${place.record}.new`, '{"version": 1, "si');
  await writeRecord(place.part, record(10));
  assertEquals(place.names(), ["f.part.json"]);
  Deno.writeTextFileSync(`${place.record}.new`, '{"version": 1, "si');
  await removeRecord(place.part);
  assertEquals(place.names(), []);
});

Deno.test("a record that is not there is noted", async () => {
  using place = partWorkplace();
  const found = await readRecord(place.part, "f.part");
  assertEquals(found, {
    record: undefined,
    note: "f.part.json does not exist; only the end of f.part is compared",
  });
});

Deno.test("readRecord() ignores an invalid record, with a note", async () => {
  const whole = JSON.stringify({ version: 1, ...record(10, mirror(A, '"1"', MONDAY)) });
  const texts = [
    ...Array.from(whole, (_, length) => whole.slice(0, length)),
    "\0".repeat(100),
    "null",
    "[]",
    "17",
    "{}",
    '{"version":0,"start":0,"mirrors":[]}',
    '{"version":"2","start":0,"mirrors":[]}',
    '{"version":1,"mirrors":[]}',
    '{"version":1,"start":-1,"mirrors":[]}',
    '{"version":1,"start":0,"size":1.5,"mirrors":[]}',
    '{"version":1,"start":0,"size":1e300,"mirrors":[]}',
    '{"version":1,"start":0,"mirrors":{}}',
    '{"version":1,"start":0,"mirrors":[null]}',
    '{"version":1,"start":0,"mirrors":[{"url":1}]}',
    '{"version":1,"start":0,"mirrors":[{"url":"\\u001b[2J"}]}',
    '{"version":1,"start":0,"mirrors":[{"url":"u","etag":7}]}',
    '{"version":1,"start":0,"mirrors":[],"pieces":7}',
    '{"version":1,"start":0,"mirrors":[],"pieces":[{"start":0,"end":4,"crc32":"00"}]}',
    '{"version":1,"start":0,"mirrors":[],"pieces":[{"start":4,"end":4,"crc32":0}]}',
  ];
  using place = partWorkplace();
  for (const text of texts) {
    Deno.writeTextFileSync(place.record, text);
    const { record, note } = await readRecord(place.part, "f.part");
    assertEquals(record, undefined, text);
    assertMatch(
      note!,
      /^f\.part\.json cannot be used: (not|too) .*; only the end of f\.part is /,
      text,
    );
  }
});

Deno.test("what is no file, or too large, is no record", async () => {
  using place = partWorkplace();
  Deno.mkdirSync(place.record);
  assertStringIncludes((await readRecord(place.part, "f.part")).note!, "not a regular file");
  Deno.removeSync(place.record);
  using file = Deno.openSync(place.record, { write: true, createNew: true });
  file.truncateSync(2 ** 40);
  assertStringIncludes((await readRecord(place.part, "f.part")).note!, "too large");
});

Deno.test("a record of a newer version is refused", async () => {
  using place = partWorkplace();
  Deno.writeTextFileSync(place.record, '{"version":2,"mirrors":"elsewhere"}');
  const error = await assertRejects(() => readRecord(place.part, "f.part"), CommandError);
  assertEquals((error as CommandError).exitCode, ExitCode.RESUME);
  assertStringIncludes(
    (error as CommandError).message,
    "f.part.json was written by a newer sphttp",
  );
  assertStringIncludes((error as CommandError).message, "omit -C - to start over");
});

Deno.test("difference() returns why bytes may not be continued", () => {
  const table: [older: ResumeRecord, newer: ResumeRecord, why: RegExp | undefined][] = [
    [record(10), record(10), undefined],
    [
      record(10),
      record(11),
      /^belongs to a file of 10 bytes, but the mirrors have one of 11 bytes$/,
    ],
    [record(undefined), record(11), undefined],
    [record(10), record(undefined), undefined],
    [
      record(10),
      { ...record(10), start: 5 },
      /^begins at byte 0 of the file, not at the requested byte 5$/,
    ],
    // Validators are left to the comparison of bytes.
    [record(10, mirror(A, '"1"', MONDAY)), record(10, mirror(A, '"2"', TUESDAY)), undefined],
  ];
  for (const [older, newer, why] of table) {
    const found = difference(older, newer);
    if (why === undefined) assertEquals(found, undefined);
    else assertMatch(found ?? "", why);
  }
});

Deno.test("mergeRecords() keeps what only the older record knows", () => {
  const older = record(10, mirror(A, '"1"'), mirror(B, '"b"'));
  const newer = record(10, mirror(B), mirror("http://c.example/f", '"c"'));
  assertEquals(mergeRecords(older, newer).mirrors, [
    mirror(A, '"1"'),
    mirror(B, '"b"'),
    mirror("http://c.example/f", '"c"'),
  ]);
  const many = record(10, ...Array.from({ length: 2000 }, (_, i) => mirror(`http://${i}/`)));
  const merged = mergeRecords(many, newer).mirrors;
  assertEquals(merged.length, 1000);
  assertEquals(merged.slice(-2), newer.mirrors);
  const pieces = [{ start: 0, end: 4, crc32: 77 }];
  assertEquals(mergeRecords({ ...older, pieces }, newer).pieces, pieces);
});

Deno.test("recordFacts() knows whose validators are whose", () => {
  const info = { size: 10, etag: '"1"', lastModified: MONDAY, mirrors: [A] };
  const alone = record(10, mirror(A, '"1"', MONDAY));
  assertEquals(recordFacts({ info }), alone);
  const validators = { etag: '"b"', lastModified: undefined, strong: '"b"' };
  const known = [{ url: B, location: undefined, validators }];
  assertEquals(recordFacts({ info: { ...info, mirrors: [A, B] }, mirrors: known, start: 3 }), {
    ...record(10, mirror(A), mirror(B, '"b"')),
    start: 3,
  });
  const hashes = { md5: "0".repeat(32) };
  assertEquals(recordFacts({ info: { ...info, hashes } }).hashes, hashes);
  assertEquals(recordFacts({ info: { ...info, hashes: {} } }).hashes, undefined);
});

Deno.test("recordedFile() has the mirrors that can prove that they still have the file", () => {
  const older = record(
    10,
    mirror(A, '"1"', MONDAY),
    mirror(B, 'W/"2"'),
    mirror("http://c/", '"3"'),
  );
  const file = recordedFile(older, ["http://user:secret@a.example/f", B]);
  assertEquals(file?.info.size, 10);
  assertEquals(file?.info.mirrors, [A]);
  assertEquals(file?.mirrors.map(({ validators }) => validators), [
    { etag: '"1"', lastModified: MONDAY, strong: '"1"' },
  ]);
  assertEquals(recordedFile(older, [B]), undefined);
  assertEquals(recordedFile(record(undefined, mirror(A, '"1"')), [A]), undefined);
});

Deno.test("recordedFile() knows the addresses of a mirror that is given", () => {
  const addresses = [`${A}#192.0.2.1`, `${A}#192.0.2.2`];
  const older = record(
    10,
    ...addresses.map((url) => mirror(url, '"1"')),
    mirror(`${B}#::1`, '"1"'),
  );
  assertEquals(recordedFile(older, [A])?.info.mirrors, addresses);
});
