import { assert, assertEquals } from "@std/assert";
import { VERSION } from "../mod.ts";

const ROOT = new URL("../", import.meta.url);

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

function readJson(path: string): Record<string, unknown> {
  return JSON.parse(read(path));
}

/** Paths of the modules in a folder, from the project's root. */
function* modulesIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    if (isDirectory) yield* modulesIn(`${folder}${name}/`);
    else if (name.endsWith(".ts")) yield `${folder}${name}`;
  }
}

function doors(): string[] {
  const names = [...Deno.readDirSync(ROOT)].map(({ name }) => name);
  return ["mod.ts", "cli.ts", "server.ts"].filter((name) => names.includes(name));
}

/** What a module imports or re-exports: own modules from the project's root, others by name. */
function importsOf(path: string): string[] {
  const text = read(path).replace(/^\s*(\/?\*|\/\/).*$/gm, "");
  const specifiers = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g)];
  return specifiers.map(([, specifier]) => {
    if (!specifier!.startsWith(".")) return specifier!;
    return new URL(specifier!, new URL(path, ROOT)).pathname.slice(ROOT.pathname.length);
  });
}

const MODULES = [...modulesIn("lib/"), ...doors()];
const GRAPH = new Map(MODULES.map((path) => [path, importsOf(path)]));

/** For each part of the house, what its modules may import besides each other. */
const FLOORS: readonly (readonly [part: RegExp, allowed: RegExp])[] = [
  [/^lib\/(errors|redact|unless_aborted|version)\.ts$/, /^$/],
  [/^lib\/(algorithms|trace)\//, /^lib\/errors\.ts$/],
  [/^lib\/http\//, /^lib\/(errors|unless_aborted)\.ts$/],
  [/^lib\/engine\//, /^lib\/(errors\.ts|algorithms\/|trace\/|http\/)/],
  [/^mod\.ts$/, /^lib\/(?!command\/|cli\/|proxy\/)/],
  [/^lib\/command\//, /^$/],
  // Reports and pictures of traces are the command's alone: the library's face has the measures.
  [
    /^(lib\/cli\/|cli\.ts$)/,
    /^(mod|lib\/(redact|unless_aborted|version))\.ts$|^lib\/(command|trace)\//,
  ],
  [
    /^(lib\/proxy\/|server\.ts$)/,
    /^(mod|lib\/(redact|unless_aborted|version))\.ts$|^lib\/command\//,
  ],
];

Deno.test("importsOf() sees imports of every kind", () => {
  const { pathname } = new URL(import.meta.url);
  const own = importsOf(pathname.slice(ROOT.pathname.length));
  assertEquals(own, ["@std/assert", "mod.ts"]);
  const face = importsOf("mod.ts");
  assert(face.includes("lib/errors.ts") && face.includes("lib/engine/downloader.ts"), `${face}`);
});

Deno.test("imports run down the floors only", () => {
  const wrong: string[] = [];
  for (const [path, imports] of GRAPH) {
    const floor = FLOORS.find(([part]) => part.test(path));
    assert(floor !== undefined, `${path} is on no floor`);
    const [part, allowed] = floor!;
    for (const target of imports) {
      if (!GRAPH.has(target) || part.test(target) || allowed.test(target)) continue;
      wrong.push(`${path} imports ${target}`);
    }
  }
  assertEquals(wrong, []);
});

Deno.test("imports lead to modules that there are, without circles", () => {
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    assert(!way.includes(path), `a circle: ${[...way, path].join(" → ")}`);
    if (done.has(path)) return;
    const imports = GRAPH.get(path);
    assert(imports !== undefined, `${way.at(-1)} imports ${path}, which is not there`);
    const own = imports!.filter((target) => target.endsWith(".ts"));
    for (const target of own) visit(target, [...way, path]);
    done.add(path);
  };
  for (const path of MODULES) visit(path, []);
  assertEquals(done.size, MODULES.length);
});

Deno.test("the core needs nothing but the platform", () => {
  const core = MODULES.filter((path) =>
    !/^(lib\/(command|cli|proxy)\/|cli\.ts|server\.ts)/.test(path)
  );
  const foreign = core.flatMap((path) => GRAPH.get(path)!).filter((target) => !GRAPH.has(target));
  assertEquals(foreign.filter((name) => !name.startsWith("@std/")), []);
});

Deno.test("the scheduler and what it is made of read no clock and no chance, and do no I/O", () => {
  const impure =
    /\b(Date\.now|performance|setTimeout|setInterval|Math\.random|fetch|Deno)\b\s*[.(]/;
  const pure = new Set<string>();
  const collect = (path: string): void => {
    if (pure.has(path)) return;
    pure.add(path);
    for (const target of GRAPH.get(path)!) if (GRAPH.has(target)) collect(target);
  };
  collect("lib/engine/scheduler.ts");
  assert(pure.size > 10, `${[...pure]}`);
  for (const path of pure) {
    const code = read(path).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    assertEquals(impure.exec(code)?.[0], undefined, path);
  }
});

Deno.test("deno.json and import_map.npm.json map the same names", () => {
  const keys = (path: string) => Object.keys(readJson(path).imports as object).sort();
  assertEquals(keys("import_map.npm.json"), keys("deno.json"));
});

Deno.test("every name that is imported is mapped", () => {
  const mapped = Object.keys(readJson("deno.json").imports as object);
  const bare = [...GRAPH.values()].flat().filter((name) => name.startsWith("@"));
  assertEquals(bare.filter((name) => !mapped.includes(name)), []);
});

Deno.test("VERSION is that of deno.json", () => {
  assertEquals(VERSION, readJson("deno.json").version);
});

Deno.test("every export of deno.json leads to a door", () => {
  const targets = Object.values(readJson("deno.json").exports as Record<string, string>);
  assertEquals(targets.map((path) => path.slice(2)).sort(), doors().sort());
});
