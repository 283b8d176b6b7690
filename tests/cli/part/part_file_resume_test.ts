import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import type { PartFile } from "../../../lib/cli/part/part_file.ts";
import type { FileFacts } from "../../../lib/cli/part/resume_record.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { randomContent } from "../../support/lab/content.ts";
import {
  A,
  B,
  facts,
  known,
  leave,
  open,
  partWorkplace,
  refuse,
  text,
} from "../../support/cli/part_workplace.ts";

function refuseToBegin(part: PartFile, facts: FileFacts): string {
  const error = assertThrows(() => part.begin(facts), CommandError) as CommandError;
  assertEquals(error.exitCode, ExitCode.RESUME, error.message);
  assertStringIncludes(error.message, "f.part ");
  assertStringIncludes(
    error.message,
    ", and is unchanged; move it away or omit -C - to start over",
  );
  return error.message;
}

async function readAll(part: PartFile, start = 0): Promise<string> {
  let all = "";
  for await (const bytes of part.existing.read(start)) all += new TextDecoder().decode(bytes);
  return all;
}

Deno.test("PartFile continues where it ended, repeatedly", async () => {
  using place = partWorkplace();
  for (const [index, letter] of [..."abcdef"].entries()) {
    using part = await open(place, { resume: true });
    assertEquals(part.existing.length, index);
    assertEquals(part.startsOver, false);
    assertEquals(part.existing.before.note, undefined);
    assertEquals(await readAll(part), "abcdef".slice(0, index));
    assertEquals(await readAll(part, Math.min(2, index)), "abcdef".slice(2, index));
    part.begin(facts(6, '"1"'));
    await part.write(text(letter));
    await part.settle();
  }
  using part = await open(place, { resume: true });
  part.begin(facts(6, '"1"'));
  await part.complete();
  assertEquals(place.names(), ["f"]);
  assertEquals(place.readText("f"), "abcdef");
});

Deno.test("PartFile continues without a record, with a note", async () => {
  using place = partWorkplace();
  Deno.writeTextFileSync(place.part, "abc");
  using part = await open(place, { resume: true });
  assertStringIncludes(part.existing.before.note!, "f.part.json does not exist");
  part.begin(facts(6, '"1"'));
  await part.write(text("d"));
  await part.settle();
  assertEquals(place.readText("f.part"), "abcd");
  assertEquals(place.names(), ["f.part", "f.part.json"]);
});

Deno.test("PartFile refuses to go on with another file, and leaves everything as it was", async () => {
  const begun = facts(6, '"1"');
  const others: [facts: FileFacts, says: string][] = [
    [facts(7, '"1"'), "belongs to a file of 6 bytes, but the mirrors have one of 7 bytes"],
    [facts(2, '"1"'), "belongs to a file of 6 bytes, but the mirrors have one of 2 bytes"],
    [{ ...begun, start: 1 }, "begins at byte 0 of the file, not at the requested byte 1"],
    [{ ...begun, end: 2 }, "is longer than this file"],
  ];
  for (const [other, says] of others) {
    using place = partWorkplace();
    await leave(place, "abc", begun);
    const record = place.readText("f.part.json");
    {
      using part = await open(place, { resume: true });
      assertStringIncludes(refuseToBegin(part, other), says);
    }
    assertEquals(place.readText("f.part"), "abc");
    assertEquals(place.readText("f.part.json"), record);
  }
});

Deno.test("PartFile that is longer than the file is refused without a record, too", async () => {
  using place = partWorkplace();
  Deno.writeTextFileSync(place.part, "abcdef");
  using part = await open(place, { resume: true });
  assertStringIncludes(refuseToBegin(part, facts(5)), "is longer than this file");
  assertStringIncludes(refuseToBegin(part, { ...facts(9), start: 4 }), "is longer than this file");
  part.begin(facts(6));
  part.begin(facts(undefined));
});

Deno.test("PartFile continues with other mirrors, and keeps the earlier ones in the record", async () => {
  using place = partWorkplace();
  await leave(place, "abc", facts(6, '"1"'));
  {
    using part = await open(place, { resume: true });
    part.begin(facts(6, '"b"', B));
    await part.write(text("d"));
    await part.settle();
  }
  assertEquals(place.mirrors(), [{ url: A, etag: '"1"' }, { url: B, etag: '"b"' }]);
});

Deno.test("PartFile refuses bytes from another start before anything is asked", async () => {
  using place = partWorkplace();
  await leave(place, "abc", { ...facts(600), start: 500 });
  using part = await open(place, { resume: true });
  assertThrows(
    () => part.expect({ start: 0 }),
    CommandError,
    "begins at byte 500 of the file, not at the requested byte 0",
  );
  part.expect({ start: 500 });
  part.begin({ ...facts(600), start: 500, end: 503 });
});

Deno.test("PartFile.open() refuses the record of a newer version, unless it is started over", async () => {
  using place = partWorkplace();
  await leave(place, "abc", facts(6));
  Deno.writeTextFileSync(place.record, '{"version":99}');
  const message = await refuse(open(place, { resume: true }), ExitCode.RESUME);
  assertStringIncludes(message, "was written by a newer sphttp");
  assertEquals(place.readText("f.part"), "abc");
  using part = await open(place);
  assertEquals(part.startsOver, true);
  part.begin(facts(7));
  await part.write(text("x"));
  await part.settle();
  assertEquals(place.readText("f.part"), "x");
  assertEquals(JSON.parse(place.readText("f.part.json")).size, 7);
});

Deno.test("PartFile keeps bytes and a record that are started over until there are others", async () => {
  using place = partWorkplace();
  await leave(place, "abc", facts(6, '"1"'));
  const record = place.readText("f.part.json");
  {
    using part = await open(place);
    assertEquals(part.startsOver, true);
    assertEquals(part.existing.length, 0);
    assertEquals(part.existing.before, { record: undefined, note: undefined });
    part.begin(facts(9, '"2"'));
  }
  assertEquals(place.readText("f.part"), "abc");
  assertEquals(place.readText("f.part.json"), record);
  using part = await open(place);
  part.begin(facts(9, '"2"'));
  await part.write(text("x"));
  await part.settle();
  assertEquals(place.readText("f.part"), "x");
  assertEquals(place.mirrors(), [{ url: A, etag: '"2"' }]);
});

Deno.test("PartFile that is not told what the file is leaves no wrong record", async () => {
  using place = partWorkplace();
  await leave(place, "abc", facts(6, '"1"'));
  using part = await open(place);
  await part.write(text("x"));
  await part.settle();
  assertEquals(place.names(), ["f.part"]);
});

Deno.test("PartFile: a kill between any two steps leaves what can be continued", async () => {
  const record = `{"version":1,"size":6,"start":0,"mirrors":[{"url":"${A}","etag":"\\"1\\""}]}`;
  const other = record.replace('\\"1\\"', '\\"0\\"');
  const states: [what: string, part: string, files: Record<string, string>][] = [
    ["made", "", {}],
    ["started over: cut, but with the old record", "", { "f.part.json": other }],
    ["the record half written", "", { "f.part.json.new": record.slice(0, 20) }],
    ["the record written", "", { "f.part.json.new": record }],
    ["the record in its place", "", { "f.part.json": record }],
    ["bytes", "abc", { "f.part.json": record }],
    ["the record half replaced", "abc", { "f.part.json": record, "f.part.json.new": "{" }],
    ["complete", "abcdef", { "f.part.json": record }],
    ["complete, the record removed", "abcdef", {}],
  ];
  for (const [what, bytes, files] of states) {
    using place = partWorkplace();
    Deno.writeTextFileSync(place.part, bytes);
    for (const [name, content] of Object.entries(files)) {
      Deno.writeTextFileSync(`${place.path}/${name}`, content);
    }
    using part = await open(place, { resume: true });
    assertEquals(part.existing.length, bytes.length, what);
    part.begin(facts(6, '"1"'));
    const rest = "abcdef".slice(part.existing.length);
    if (rest !== "") await part.write(text(rest));
    await part.complete();
    assertEquals(place.names(), ["f"], what);
    assertEquals(place.readText("f"), "abcdef", what);
  }
});

Deno.test("PartFile.learn() writes down mirrors that answer later", async () => {
  using place = partWorkplace();
  using part = await open(place);
  part.begin({ ...facts(6, '"1"'), mirrors: [known(A, '"1"')] });
  await part.learn([known(A, '"1"')]);
  assertEquals(place.names(), ["f.part"]);
  await part.write(text("abc"));
  await part.settle();
  await part.learn([known(A, '"1"'), known(B, '"b"')]);
  assertEquals(place.mirrors(), [{ url: A, etag: '"1"' }, { url: B, etag: '"b"' }]);
});

Deno.test("PartFile records sums while it grows, so that a kill leaves them", async () => {
  using place = partWorkplace();
  const content = randomContent(3_000_000);
  using part = await open(place);
  part.begin(facts(content.size));
  for (let at = 0; at < content.size; at += 1_000_000) {
    await part.write(content.read(at, at + 1_000_000));
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, 550);
    await promise;
  }
  // Nothing was settled: the record was written with the second megabyte, not with the third.
  const { pieces } = JSON.parse(place.readText("f.part.json"));
  assertEquals(pieces.map(({ end }: { end: number }) => end), [1_048_576, 2_000_000]);
});
