import { assert, assertEquals, assertRejects } from "@std/assert";
import { closeExclusive, isOpen, openExclusive } from "../../../lib/cli/part/exclusive_file.ts";
import { workplace } from "../../support/workplace.ts";

/** Runs with other methods of open files. */
async function withMethods(
  methods: Partial<Record<"tryLock" | "unlockSync" | "stat", () => unknown>>,
  run: () => Promise<void>,
): Promise<void> {
  const own = Object.getOwnPropertyDescriptors(Deno.FsFile.prototype);
  Object.assign(Deno.FsFile.prototype, methods);
  try {
    await run();
  } finally {
    Object.defineProperties(Deno.FsFile.prototype, own);
  }
}

function unsupported(): never {
  throw new Deno.errors.NotSupported("no locks");
}

Deno.test("openExclusive() goes without a lock where the file system has none", async () => {
  using place = workplace();
  await withMethods({ tryLock: unsupported, unlockSync: unsupported }, async () => {
    const opened = await openExclusive(place.at("f"), "f");
    assertEquals(opened?.sizeBefore, undefined);
    closeExclusive(opened!.file);
  });
});

Deno.test("openExclusive() takes what another process has just written for a file that existed", async () => {
  using place = workplace();
  const { lstat } = Deno;
  Deno.lstat = async (path) => {
    Deno.lstat = lstat;
    try {
      return await lstat(path);
    } finally {
      // Another process has created it and ended, right after this one has looked.
      place.write("f", "bytes");
    }
  };
  try {
    const opened = await openExclusive(place.at("f"), "f");
    assertEquals(opened?.sizeBefore, 5);
    closeExclusive(opened!.file);
  } finally {
    Deno.lstat = lstat;
  }
});

Deno.test("openExclusive() leaves nothing open where a file cannot be examined", async () => {
  using place = workplace();
  const stat = () => Promise.reject(new Deno.errors.Interrupted("stale"));
  await withMethods({ stat }, async () => {
    await assertRejects(() => openExclusive(place.at("f"), "f"), Deno.errors.Interrupted);
  });
});

Deno.test("isOpen() tells a path that is gone from one that cannot be followed", async () => {
  using place = workplace();
  const path = place.write("f", "text");
  using file = await Deno.open(path);
  assert(await isOpen(path, file));
  assertEquals(await isOpen(place.at("other"), file), false);
  await assertRejects(() => isOpen(`${path}/f`, file));
});
