/** Where files are: what the map of the code names exists, and tests stand where they belong. */

import { assertEquals } from "@std/assert";
import { MODULES, modulesIn, read, ROOT } from "./support/project_files.ts";

/** Paths of the files and folders below a folder. */
function* pathsIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    if (name.startsWith(".")) continue;
    yield `${folder}${name}${isDirectory ? "/" : ""}`;
    if (isDirectory) yield* pathsIn(`${folder}${name}/`);
  }
}

/** Paths that a document names: in code spans or links, and anywhere those that begin with a folder of the project. */
function pathsNamedIn(text: string): string[] {
  const spans = [...text.matchAll(/`([^`\n]+)`/g)].map(([, span]) => span!);
  const links = [...text.matchAll(/\]\(\.\.\/([^)#]+)/g)].map(([, link]) => link!);
  const rooted = text.match(/(?<![\w/.-])(?:lib|tests|docs)\/[\w./-]*\w\/?/g) ?? [];
  // The nodes of a diagram, whose lines are broken.
  const diagrams = [...text.matchAll(/```mermaid\n([\s\S]*?)```/g)].map(([, diagram]) => diagram!);
  const nodes = diagrams.flatMap((diagram) =>
    [...diagram.matchAll(/\[([^\]]+)\]/g)].flatMap(([, label]) => label!.split("<br>"))
  );
  const isPath = /^[\w./-]+(\.(ts|json|md|svg|html|css)|\/)$/;
  return [
    ...new Set([...spans.filter((span) => isPath.test(span)), ...links, ...rooted, ...nodes]),
  ];
}

Deno.test("pathsNamedIn() finds code spans, links, diagrams, and what begins with a folder", () => {
  const text =
    "`scheduler.ts` and `lib/http/`, not `Downloader`; [x](../mod.ts#top) A[lib/a.ts] --> B\n" +
    "```mermaid\na[engine/b.ts<br>engine/c.ts] --> d\n```\n";
  assertEquals(
    pathsNamedIn(text),
    ["scheduler.ts", "lib/http/", "mod.ts", "lib/a.ts", "engine/b.ts", "engine/c.ts"],
  );
});

Deno.test("docs/architecture.md names files that exist, and every folder of lib", () => {
  const document = read("docs/architecture.md");
  const all = ["build/", "lib/", "tests/", "docs/"].flatMap((
    folder,
  ) => [folder, ...pathsIn(folder)]);
  all.push(...[...Deno.readDirSync(ROOT)].flatMap(({ name, isFile }) => isFile ? [name] : []));
  const exists = (path: string) =>
    all.some((one) => `/${one}`.endsWith(`/${path}`) || `/${one}`.endsWith(`/${path}/`));
  assertEquals(pathsNamedIn(document).filter((path) => !exists(path)), []);
  const folders = all.filter((path) => path.startsWith("lib/") && path.endsWith("/")).slice(1);
  const isNamed = (folder: string) =>
    document.includes(folder) || document.includes(`\`${folder.split("/").at(-2)}/\``);
  assertEquals(folders.filter((folder) => !isNamed(folder)), []);
});

Deno.test("tests mirror lib: each begins with the name of a module there", () => {
  // Tests of a whole command, or of all policies, stand beside the rooms.
  const whole =
    /^tests\/(cli|policy|proxy)\/\w+$|^tests\/(coverage|examples|jsr|project|project_files|run)$/;
  const modules = MODULES.map((path) => path.slice(0, -3));
  const misplaced = [...pathsIn("tests/")]
    .filter((path) =>
      path.endsWith("_test.ts") &&
      !/^tests\/(support|bench|build|documents|faults|fuzz|kinds|netlab|recording)\//.test(path)
    )
    .map((path) => path.slice(0, -"_test.ts".length))
    .filter((path) => !whole.test(path))
    .filter((path) => {
      const mirrored = [path.replace(/^tests/, "lib"), path.slice("tests/".length)];
      return !modules.some((module) =>
        mirrored.some((one) => one === module || one.startsWith(`${module}_`))
      );
    });
  assertEquals(misplaced, []);
});

Deno.test("tests close the proxies that they create, so that they leave nothing to others", () => {
  const open = [...modulesIn("tests/")].filter((path) => !path.startsWith("tests/bench/"))
    .flatMap((path) => {
      const text = read(path);
      if (text.includes("handler[Symbol.asyncDispose]()")) return [];
      const created = text.match(/^(?!\s*["*/]).*\bcreateHandler\(.*$/gm) ?? [];
      const isClosed = /await using \w+ = createHandler\(|assertThrows\(|^Deno\.test\(/;
      return created.filter((line) => !isClosed.test(line)).map((line) => `${path}: ${line}`);
    });
  assertEquals(open, []);
});

Deno.test("nothing uses node:http2, whose end of a session may abort the process of all tests", () => {
  const users = [...MODULES, ...modulesIn("tests/")].filter((path) =>
    /(?:\bfrom|\bimport\(?) ?"node:http2"/.test(read(path))
  );
  assertEquals(users, []);
});
