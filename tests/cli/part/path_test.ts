import { assertEquals } from "@std/assert";
import { posix, win32 } from "node:path";
import {
  baseName,
  directoryOf,
  isAbsolute,
  isRooted,
  kindOfPath,
} from "../../../lib/cli/part/path.ts";

/** Paths of up to five of these parts. */
const PARTS = ["a", "b.c", "/", "//", ".", "..", "\\", "c:", " \n"];

function* paths(length: number): Generator<string> {
  yield "";
  if (length === 0) return;
  for (const rest of paths(length - 1)) for (const part of PARTS) yield part + rest;
}

Deno.test("paths are split as node:path does, on every system", () => {
  for (const path of paths(5)) {
    // Names of files only: a path of none is refused before.
    if (/[\\/:]$/.test(path) || path === "") continue;
    for (const [windows, node] of [[false, posix], [true, win32]] as const) {
      const message = `${JSON.stringify(path)}, windows: ${windows}`;
      assertEquals(isAbsolute(path, windows), node.isAbsolute(path), message);
      // Shares and devices have roots of their own.
      if (windows && /^[\\/]{2}/.test(path)) continue;
      assertEquals(baseName(path, windows), node.basename(path), message);
      const [own, theirs] = [directoryOf(path, windows), node.dirname(path)];
      // Of several slashes, Node keeps some.
      assertEquals(node.join(own, "x"), node.join(theirs, "x"), message);
    }
  }
});

Deno.test("isRooted() knows drives on Windows only", () => {
  for (const path of ["/a", "\\a", "C:a", "c:\\a", "\\\\host\\share\\a"]) {
    assertEquals(isRooted(path, true), true, path);
  }
  assertEquals([isRooted("a\\b", true), isRooted("C:a", false)], [false, false]);
});

Deno.test("kindOfPath() finds devices and streams on Windows only", () => {
  const kinds = {
    device: ["NUL", "nul", "./con", "C:\\dl\\aux.iso", "COM1", "lpt9.txt", "nul:", "C:nul"],
    stream: ["ab:c", "C:\\dl\\a.iso:part", "dl/a.iso::$DATA"],
    file: ["a", "C:\\dl\\a.iso", "C:a", "null", "console.log", "com10", "nul/a"],
  } as const;
  for (const [kind, paths] of Object.entries(kinds)) {
    for (const path of paths) {
      assertEquals([path, kindOfPath(path, true)], [path, kind]);
      assertEquals([path, kindOfPath(path, false)], [path, "file"]);
    }
  }
});
