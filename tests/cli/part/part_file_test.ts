import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { PartFile } from "../../../lib/cli/part/part_file.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import {
  A,
  facts,
  fileTarget,
  leave,
  open,
  partWorkplace,
  refuse,
  text,
} from "../../support/cli/part_workplace.ts";
import { randomContent } from "../../support/lab/content.ts";

const POSIX = Deno.build.os !== "windows";

Deno.test("PartFile.complete() does not rename a file that replaced the part file", async () => {
  using place = partWorkplace();
  using part = await open(place);
  part.begin(facts(3));
  await part.write(new Uint8Array([1, 2, 3]));
  Deno.writeTextFileSync(`${place.part}.other`, "other");
  Deno.renameSync(`${place.part}.other`, place.part);
  const message = await refuse(part.complete(), ExitCode.WRITE);
  assertStringIncludes(message, "was removed or replaced by another program");
  assertEquals(Deno.readTextFileSync(place.part), "other");
});

Deno.test("PartFile: a removed part file hides no error", async () => {
  using place = partWorkplace();
  const part = await open(place);
  Deno.removeSync(place.part);
  part[Symbol.dispose]();
});

Deno.test("PartFile.expect() refuses bytes from before that are more than what is wanted", async () => {
  using place = partWorkplace();
  await leave(place, "abcdef", facts(10));
  using part = await open(place, { resume: true });
  assertThrows(() => part.expect({ start: 0, end: 5 }), CommandError, "is longer than this file");
  part.expect({ start: 0, end: 6 });
});

Deno.test("PartFile grows beside its record, and takes the name at the end", async () => {
  using place = partWorkplace();
  using part = await open(place);
  part.begin(facts(6, '"1"'));
  assertEquals(place.names(), ["f.part"]);
  assertEquals(part.kept, false);
  await part.write(text("abc"));
  await part.settle();
  assertEquals(place.names(), ["f.part", "f.part.json"]);
  assertEquals(place.mirrors(), [{ url: A, etag: '"1"' }]);
  assertEquals(part.kept, true);
  await part.write(text("def"));
  await part.settle();
  await part.complete();
  assertEquals(place.names(), ["f"]);
  assertEquals(place.readText("f"), "abcdef");
});

Deno.test("PartFile of an empty file is complete without a write", async () => {
  using place = partWorkplace();
  Deno.writeTextFileSync(place.part, "from before");
  using part = await open(place);
  part.begin(facts(0));
  await part.complete();
  assertEquals(place.names(), ["f"]);
  assertEquals(place.readText("f"), "");
});

Deno.test("PartFile.remove() takes away what was written, and the record", async () => {
  using place = partWorkplace();
  {
    using part = await open(place);
    part.begin(facts(6));
    await part.write(text("abc"));
    await part.settle();
    await part.remove();
    await part.remove();
  }
  assertEquals(place.names(), []);
  using made = await open(place);
  await made.remove();
  assertEquals(place.names(), []);
});

Deno.test("PartFile.remove() leaves bytes from before that it has added nothing to", async () => {
  for (const resume of [false, true]) {
    using place = partWorkplace();
    await leave(place, "abc", facts(6));
    using part = await open(place, { resume });
    part.begin(facts(6));
    await part.remove();
    assertEquals(place.names(), ["f.part", "f.part.json"]);
    using again = await open(place, { resume });
    again.begin(facts(6));
    await again.write(text("x"));
    await again.remove();
    assertEquals(place.names(), []);
  }
});

Deno.test("PartFile that was made and got no bytes is taken away", async () => {
  using place = partWorkplace();
  {
    using _part = await open(place);
    assertEquals(place.names(), ["f.part"]);
  }
  assertEquals(place.names(), []);
});

Deno.test("PartFile.complete() gives the file its time", async () => {
  using place = partWorkplace();
  const mtime = new Date("2001-02-03T04:05:06Z");
  using part = await open(place);
  await part.write(text("abc"));
  await part.settle();
  await part.complete({ mtime });
  assertEquals(Deno.statSync(place.file).mtime, mtime);
});

Deno.test("PartFile replaces the file only at the end", async () => {
  using place = partWorkplace();
  Deno.writeTextFileSync(place.file, "old", { mode: 0o640 });
  using part = await open(place);
  await part.write(text("new"));
  await part.settle();
  assertEquals(place.readText("f"), "old");
  await part.complete();
  assertEquals(place.readText("f"), "new");
  if (POSIX) assertEquals(Deno.statSync(place.file).mode! & 0o777, 0o640);
});

Deno.test("PartFile does not replace a file that came meanwhile", async () => {
  using place = partWorkplace();
  {
    using part = await PartFile.open(await fileTarget(place, { fromUrl: true }), { resume: false });
    await part.write(text("abc"));
    await part.settle();
    Deno.writeTextFileSync(place.file, "somebody's");
    const message = await refuse(part.complete(), ExitCode.WRITE);
    assertStringIncludes(message, "f was created by another program, and is unchanged");
  }
  assertEquals(place.readText("f"), "somebody's");
  assertEquals(place.readText("f.part"), "abc");
});

Deno.test("PartFile gives way to a file that came meanwhile, where files are kept", async () => {
  using place = partWorkplace();
  using part = await PartFile.open(await fileTarget(place, { keepExisting: true }), {
    resume: false,
  });
  part.begin(facts(3));
  await part.write(text("abc"));
  await part.settle();
  Deno.writeTextFileSync(place.file, "somebody's");
  Deno.writeTextFileSync(`${place.file}.1`, "too");
  await part.complete();
  assertEquals(part.name, `${place.file}.2`);
  assertEquals(place.names(), ["f", "f.1", "f.2"]);
  assertEquals(place.readText("f.2"), "abc");
});

Deno.test("PartFile has its file alone, in this process too", async () => {
  using place = partWorkplace();
  using one = await open(place);
  one.begin(facts(3));
  await one.write(text("abc"));
  for (const resume of [false, true]) {
    const message = await refuse(open(place, { resume }), ExitCode.WRITE);
    assertStringIncludes(message, "another download is writing to ");
  }
  assertEquals(place.readText("f.part"), "abc");
  const other = await fileTarget(place, { keepExisting: true });
  using two = await PartFile.open(other, { resume: false });
  assertEquals(two.name, `${place.file}.1`);
  await one.complete();
  assertEquals(place.readText("f"), "abc");
});

Deno.test({
  name: "PartFile is no link, no directory and no pipe",
  ignore: !POSIX,
  fn: async () => {
    using place = partWorkplace();
    const victim = `${place.path}/victim`;
    Deno.writeTextFileSync(victim, "precious");
    const makers = [
      () => Deno.symlinkSync(victim, place.part),
      () => Deno.mkdirSync(place.part),
      () => new Deno.Command("mkfifo", { args: [place.part] }).outputSync(),
    ];
    for (const make of makers) {
      make();
      assertStringIncludes(await refuse(open(place), ExitCode.WRITE), "it is not a regular file");
      Deno.removeSync(place.part);
    }
    // What somebody put where the record is written is not followed either.
    Deno.symlinkSync(victim, `${place.record}.new`);
    await leave(place, "abc", facts(6));
    assertEquals(Deno.readTextFileSync(victim), "precious");
    assertEquals(place.names(), ["f.part", "f.part.json", "victim"]);
  },
});

Deno.test("PartFile says why it cannot be written", async () => {
  using place = partWorkplace();
  const none = { ...await fileTarget(place), path: `${place.path}/none/f`, name: "none/f" };
  assertEquals(
    await refuse(PartFile.open(none, { resume: false }), ExitCode.WRITE),
    "cannot write to none/f.part: its directory does not exist; use --create-dirs to create it",
  );
  // The record has no place: no byte is written.
  Deno.mkdirSync(place.record);
  {
    using part = await open(place);
    part.begin(facts(6));
    const message = await refuse(part.write(text("abc")), ExitCode.WRITE);
    assertStringIncludes(message, "cannot write to ");
    assertEquals(place.readText("f.part"), "");
  }
  assertEquals(place.names(), ["f.part.json"]);
});

Deno.test("PartFile.keep() keeps bytes whose sums are recorded, and they are continued", async () => {
  const mebibyte = 1024 * 1024;
  const bytes = randomContent(3 * mebibyte).read(0, 3 * mebibyte);
  for (const [kept, length] of [[2.5 * mebibyte, 2 * mebibyte], [mebibyte - 1, 0]] as const) {
    using place = partWorkplace();
    {
      using part = await open(place);
      part.begin(facts(bytes.byteLength, '"1"'));
      await part.write(bytes);
      await part.keep(kept);
    }
    assertEquals(place.read("f.part"), bytes.subarray(0, length));
    using part = await open(place, { resume: true });
    await part.existing.verify({ start: 0 });
    assertEquals([part.existing.length, part.existing.lost], [length, 0]);
  }
});

Deno.test("PartFile.forgetRecord(): bytes that are corrected have no record, and are continued", async () => {
  using place = partWorkplace();
  {
    using part = await open(place);
    part.begin(facts(6));
    await part.write(new TextEncoder().encode("abcdXf"));
    const { file } = await part.finished();
    await part.forgetRecord();
    await file.seek(4, Deno.SeekMode.Start);
    await file.write(new TextEncoder().encode("e"));
    // As where the process ends before the file has its name.
    await part.settle();
  }
  assertEquals(place.names(), ["f.part"]);
  using part = await open(place, { resume: true });
  await part.existing.verify({ start: 0 });
  assertEquals([part.existing.length, part.existing.lost], [6, 0]);
});
