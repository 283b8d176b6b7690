import { assertEquals } from "@std/assert";
import { replaceFile } from "../../../lib/cli/part/durable_file.ts";
import {
  facts,
  leave,
  open,
  type PartWorkplace,
  partWorkplace,
  text,
} from "../../support/cli/part_workplace.ts";

/** Records what is synced, renamed and removed, in order, while it is in use. */
function observe({ path }: PartWorkplace) {
  const steps: string[] = [];
  const { open, rename, remove } = Deno;
  const { sync } = Deno.FsFile.prototype;
  const opened = new Map<Deno.FsFile, string>();
  const short = (name: string | URL) => String(name).replace(path, ".");
  Deno.open = async (name, options) => {
    const file = await open(name, options);
    opened.set(file, short(name));
    return file;
  };
  Deno.FsFile.prototype.sync = async function () {
    await sync.call(this);
    steps.push(`sync ${opened.get(this)}`);
  };
  Deno.rename = async (from, to) => {
    await rename(from, to);
    steps.push(`rename ${short(from)} to ${short(to)}`);
  };
  Deno.remove = async (name, options) => {
    await remove(name, options);
    steps.push(`remove ${short(name)}`);
  };
  return {
    steps,
    [Symbol.dispose]() {
      Object.assign(Deno, { open, rename, remove });
      Deno.FsFile.prototype.sync = sync;
    },
  };
}

/** Windows cannot sync a directory. */
const syncedNames = Deno.build.os === "windows" ? [] : ["sync ."];

Deno.test("a part file is synced once, before it gets its name, and its record before it", async () => {
  using place = partWorkplace();
  using observed = observe(place);
  using part = await open(place);
  part.begin(facts(6));
  await part.write(text("abc"));
  await part.write(text("def"));
  await part.complete();
  assertEquals(observed.steps, [
    "sync ./f.part.json.new",
    "rename ./f.part.json.new to ./f.part.json",
    ...syncedNames,
    "sync ./f.part",
    "remove ./f.part.json",
    "rename ./f.part to ./f",
    ...syncedNames,
  ]);
});

Deno.test("a part file that was complete before is synced, too", async () => {
  using place = partWorkplace();
  await leave(place, "abcdef", facts(6));
  using observed = observe(place);
  using part = await open(place, { resume: true });
  part.begin(facts(6));
  await part.complete();
  assertEquals(observed.steps.slice(0, 3), [
    "sync ./f.part",
    "remove ./f.part.json",
    "rename ./f.part to ./f",
  ]);
});

Deno.test("a file system that cannot sync is no error, and a failed sync is one", async () => {
  using place = partWorkplace();
  const { sync } = Deno.FsFile.prototype;
  try {
    Deno.FsFile.prototype.sync = () => Promise.reject(new TypeError("Invalid argument"));
    await replaceFile(`${place.path}/a`, "a");
    assertEquals(place.readText("a"), "a");
    Deno.FsFile.prototype.sync = () => Promise.reject(new Error("Input/output error (os error 5)"));
    const failed = await replaceFile(`${place.path}/a`, "b").catch((error) => error.message);
    assertEquals(failed, `cannot write to ${place.path}/a: Input/output error (os error 5)`);
  } finally {
    Deno.FsFile.prototype.sync = sync;
  }
  assertEquals([place.names(), place.readText("a")], [["a"], "a"]);
});
