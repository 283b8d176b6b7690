import { assert, assertEquals, assertRejects } from "@std/assert";
import { parseFlags } from "../../lib/command_line/flag_parser.ts";
import { FLAGS } from "../../lib/cli/arguments/flags.ts";
import { PROBE_FLAGS } from "../../lib/cli/probe/probe_arguments.ts";
import { LINK_FLAGS } from "../../lib/proxy/command/link.ts";
import { FLAGS as PROXY_FLAGS } from "../../lib/proxy/command/flags.ts";
import { VERSION } from "../../lib/version.ts";
import { parseBench } from "../bench/benches.ts";
import { runProgram, testWith } from "../support/programs/programs.ts";
import { anchors, codeBlocks, localLinks, readPage, readPages, ROOT } from "./page.ts";

Deno.test("pages: every link leads to a file, and to a heading in it", async () => {
  const wrong: string[] = [];
  for (const page of readPages()) {
    for (const link of localLinks(page)) {
      const [path = "", anchor] = link.split("#");
      const target = new URL(path === "" ? page.path : path, new URL(page.path, ROOT));
      const file = path === "" ? new URL(page.path, ROOT) : target;
      const there = await Deno.stat(file).then(() => true, () => false);
      const name = file.href.slice(ROOT.href.length);
      const found = there && (anchor === undefined || !name.endsWith(".md") ||
        anchors(readPage(name)).includes(anchor));
      if (!found) wrong.push(`${page.path}: ${link}`);
    }
  }
  assertEquals(wrong, []);
});

Deno.test("README.md: the picture is that of this version, and its file is there", () => {
  const { text } = readPage("README.md");
  const { name } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  const pictures = [...text.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map(([, address]) => address!);
  assert(pictures.length > 0);
  for (const address of pictures) {
    const [, path] = address.split(`https://jsr.io/${name}/${VERSION}/`);
    assert(path !== undefined, `${address} is not that of ${name} ${VERSION}`);
    Deno.statSync(new URL(path!, ROOT));
  }
});

Deno.test("README.md names every dependency", () => {
  const { text } = readPage("README.md");
  const { imports } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  const packages = Object.keys(imports).map((name) =>
    name.split("/").slice(0, name.startsWith("@") ? 2 : 1).join("/")
  );
  assertEquals(
    [...new Set(packages)].filter((name) =>
      !text.split("## Dependencies")[1]!.includes(`\`${name}\``)
    ),
    [],
  );
});

/** The flags in the cells of a column, without their values. */
function flagsIn(table: string, column: number): string[] {
  return table.split("\n").flatMap((line) => {
    const cells = line.replaceAll("\\|", "").split(/ *\| */);
    return [...(cells[column + 1] ?? "").matchAll(/`([^`]+)`/g)]
      .flatMap(([, code]) => code!.match(/(?<![\w-])--?[a-zA-Z][\w-]*/g) ?? []);
  });
}

/** The part of a page below a heading. */
function section(text: string, heading: string): string {
  const [, rest] = text.split(`\n## ${heading}\n`);
  assert(rest !== undefined, heading);
  return rest!.split("\n## ")[0]!;
}

function unknownFlags(flags: readonly string[], help: string): string[] {
  return flags.filter((flag) => !new RegExp(`(?<![\\w-])${flag}(?![\\w-])`).test(help));
}

Deno.test("docs/migrating.md names flags of sphttp that there are", () => {
  const { text } = readPage("docs/migrating.md");
  const known = FLAGS.flatMap((flag) => [
    `--${flag.name}`,
    ...("short" in flag ? [`-${flag.short}`] : []),
    ...("alias" in flag ? [`--${flag.alias}`] : []),
  ]);
  // Of the subcommand `metalink`.
  known.push("--verify", "--heal");
  const named = ["From aria2", "From axel"].flatMap((heading) =>
    flagsIn(section(text, heading), 1)
  );
  assert(named.length > 40);
  assertEquals(named.filter((flag) => !known.includes(flag)), []);
});

for (
  const [program, heading, args, except] of [
    ["aria2c", "From aria2", ["--help=#http"], /-proxy-(user|passwd)$/],
    ["axel", "From axel", ["--help"], /^$/],
  ] as const
) {
  testWith([program], `docs/migrating.md names every flag of ${program} for HTTP`, async () => {
    const { stdout } = await runProgram(program, [...args]);
    const help = new TextDecoder().decode(stdout);
    const flags = [...help.matchAll(/^ ?(?:-\w, )?(--[a-z][\w-]*)/gm)].map(([, flag]) => flag!);
    const named = flagsIn(section(readPage("docs/migrating.md").text, heading), 0);
    assert(flags.length > 15);
    assertEquals(flags.filter((flag) => !named.includes(flag) && !except.test(flag)), []);
  });
}

for (
  const [program, heading, args] of [
    ["aria2c", "From aria2", ["--help=#all"]],
    ["axel", "From axel", ["--help"]],
  ] as const
) {
  testWith([program], `docs/migrating.md names flags of ${program} that there are`, async () => {
    const { stdout } = await runProgram(program, [...args]);
    const named = flagsIn(section(readPage("docs/migrating.md").text, heading), 0);
    assert(named.length > 10);
    assertEquals(unknownFlags(named, new TextDecoder().decode(stdout)), []);
  });
}

Deno.test("docs/migrating.md names options of the library that there are", () => {
  const { text } = readPage("docs/migrating.md");
  const options = Deno.readTextFileSync(new URL("lib/engine/options/options.ts", ROOT));
  const cells = section(text, "From the Python sphttp").split("\n")
    .map((line) => line.split(/ *\| */)[2] ?? "");
  const named = cells.flatMap((cell) => cell.match(/`[a-z]\w+(?=`|: )/g) ?? [])
    .map((name) => name.slice(1))
    // The field of every error.
    .filter((name) => name !== "cause");
  assert(named.length > 10);
  assertEquals(named.filter((name) => !new RegExp(`^  ${name}\\?: `, "m").test(options)), []);
});

Deno.test("docs/troubleshooting.md quotes messages that there are", () => {
  const { text } = readPage("docs/troubleshooting.md");
  // Strings are joined where a line of code is full.
  const sources = [...modulesBelow("lib/")].map((path) =>
    Deno.readTextFileSync(new URL(path, ROOT))
  )
    .join("\n").replace(/["`]\s*\+\s*["`]/g, "");
  const headings = ["Mirrors and files", "Checksums and signatures", "Connections"];
  const named = headings.flatMap((heading) =>
    [...section(text, heading).matchAll(/^\| `([^`]+)`/gm)].map(([, message]) => message!)
  );
  assert(named.length > 20);
  assertEquals(named.filter((message) => !sources.includes(message)), []);
});

Deno.test("docs/sphttp.md and docs/traces.md name every state of a mirror", () => {
  const events = Deno.readTextFileSync(new URL("lib/trace/events.ts", ROOT));
  const [union] = events.match(/^ +state: "added"[^;]*/m) ?? [];
  const states = [...union!.matchAll(/"(\w+)"/g)].map(([, state]) => `\`${state}\``);
  assert(states.length > 5);
  for (const path of ["docs/sphttp.md", "docs/traces.md"]) {
    const row = readPage(path).text.match(/^\| `mirror` .*/m)?.[0] ?? "";
    assertEquals(states.filter((state) => !row.includes(state)), [], path);
  }
});

Deno.test("docs/library.md names every error of a download", () => {
  const errors = Deno.readTextFileSync(new URL("lib/errors.ts", ROOT));
  const classes = [...errors.matchAll(/^export class (\w+) extends SphttpError/gm)]
    .map(([, name]) => name!);
  assert(classes.length > 7);
  const table = section(readPage("docs/library.md").text, "Errors");
  assertEquals(classes.filter((name) => !table.includes(`\`${name}\``)), []);
});

function* modulesBelow(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    if (isDirectory) yield* modulesBelow(`${folder}${name}/`);
    else if (name.endsWith(".ts")) yield folder + name;
  }
}

Deno.test("pages name flags of the proxy that there are", () => {
  const known = [...PROXY_FLAGS, ...LINK_FLAGS].map(({ name }) => `--${name}`);
  const all = [...known, ...FLAGS.map(({ name }) => `--${name}`)];
  const { text } = readPage("docs/proxy.md");
  const named = [...text.replace(/```[\s\S]*?```/g, "").matchAll(/`(--[a-z][\w-]*)/g)]
    .map(([, flag]) => flag!)
    // Of Deno.
    .filter((flag) => !/^--(allow-(net|read|env)|deny-net)$/.test(flag));
  assert(named.length > 15);
  assertEquals(named.filter((flag) => !all.includes(flag)), []);
});

Deno.test("pages and help give options the same defaults", () => {
  const flags = [...FLAGS, ...PROXY_FLAGS, ...PROBE_FLAGS];
  const helps = (name: string) =>
    flags.filter((flag) => flag.name === name).map(({ help }) => help);
  const wrong: string[] = [];
  let count = 0;
  for (const { path, text } of readPages()) {
    if (path === "CHANGELOG.md") continue;
    // A default stands in parentheses behind its option, in the same row of a table.
    const lines = text.replace(/\n(?!\|)/g, " ").split("\n");
    const mentions = lines.flatMap((line) => [
      ...line.matchAll(/`(?:-\w, )?--([\w-]+)(?: [A-Z]+)?`([^`()]{0,160}?)\((\d[\d.]*[KMG]?)\)/g),
    ]);
    for (const [, name, , value] of mentions) {
      count++;
      const given = helps(name!).flatMap((help) => help.match(/\((\d[\d.]*[KMG]?)\b/)?.[1] ?? []);
      if (!given.includes(value!)) wrong.push(`${path}: --${name} (${value}); help: ${given}`);
    }
  }
  assertEquals(wrong, []);
  assert(count > 15, `only ${count} defaults were found`);
});

Deno.test("docs/migrating.md and the command suggest the same options for those of other programs", async () => {
  const { text } = readPage("docs/migrating.md");
  const own = new Set(FLAGS.flatMap(({ name, alias }) => [`--${name}`, `--${alias}`]));
  const replacements = new Map<string, string[]>();
  for (const row of text.slice(text.indexOf("## From aria2")).split("\n")) {
    const ours = flagsIn(row, 1);
    const names = FLAGS.filter(({ name, short }) =>
      ours.includes(`--${name}`) || ours.includes(`-${short}`)
    ).map(({ name }) => name);
    for (const flag of flagsIn(row, 0)) {
      const isOwn = own.has(flag) || own.has(flag.replace(/^--no-/, "--"));
      if (names.length === 0 || !flag.startsWith("--") || isOwn) continue;
      replacements.set(flag, [...replacements.get(flag) ?? [], ...names]);
    }
  }
  let count = 0;
  for (const [flag, names] of replacements) {
    const { message } = await assertRejects(() => parseFlags("sphttp", [flag], FLAGS), Error);
    const [, suggested] = /did you mean '--([\w-]+)/.exec(message) ?? [];
    if (suggested === undefined) continue;
    count++;
    assert(names.includes(suggested), `${flag}: ${message}, but the page says ${names}`);
  }
  assert(count > 15, `only ${count} options of other programs are suggested for`);
});

Deno.test("pages run no task that there is not", () => {
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  const named = readPages().flatMap((page) =>
    [
      ...page.text.matchAll(/deno task ([a-z]+)/g),
    ].map(([, name]) => `${page.path}: ${name}`)
  );
  assert(named.length > 20);
  assertEquals(named.filter((one) => !(one.split(": ")[1]! in tasks)), []);
});

Deno.test("pages name benches, scenarios and flags that there are", () => {
  const commands = readPages().flatMap(({ path, text }) =>
    [...text.matchAll(/`deno task bench(?![\w-])([^`]*)`/g)]
      .map(([, args]) => ({ path, args: args!.split(/\s+/).filter((arg) => arg !== "") }))
  );
  assert(commands.length > 30, `only ${commands.length} commands were found`);
  for (const { path, args } of commands) {
    try {
      parseBench(args);
    } catch (error) {
      throw new Error(`${path}: deno task bench ${args.join(" ")}`, { cause: error });
    }
  }
});

Deno.test("codeBlocks() finds fences, also in lists", () => {
  const text = "```sh\na\n```\n\n- x\n\n  ```ts ignore\n  b\n  ```\n";
  assertEquals(codeBlocks({ path: "x.md", text }).map(({ language, code }) => [language, code]), [
    ["sh", "a\n"],
    ["ts", "  b\n"],
  ]);
});
