import { assert, assertEquals } from "@std/assert";
import { VERSION } from "../mod.ts";
import { doors, MODULES, modulesIn, read, readJson, ROOT } from "./support/project_files.ts";

/** What a module's code imports, re-exports, or takes from the platform by name: `getBuiltinModule("node:…")`. */
function specifiersIn(code: string): string[] {
  const text = code.replace(/^\s*(\/?\*|\/\/).*$/gm, "");
  const before = /\bfrom\s*|\bimport\s*\(?\s*|\b(?:getBuiltinModule|require)\b[^;"'`]*?\(\s*/;
  const named = new RegExp(`(?:${before.source})(["'\`])(.+?)\\1`, "g");
  return [...text.matchAll(named)].map(([, , specifier]) => specifier!);
}

/** What a module imports, re-exports or takes by name: own modules from the project's root, others by name. */
function importsOf(path: string): string[] {
  return specifiersIn(read(path)).map((specifier) => {
    if (!specifier.startsWith(".")) return specifier;
    return new URL(specifier, new URL(path, ROOT)).pathname.slice(ROOT.pathname.length);
  });
}

const GRAPH = new Map(MODULES.map((path) => [path, importsOf(path)]));

/** What every module may import. */
const EVERYWHERE = /^lib\/stand_ins\.ts$/;

/** For each room of the house, what its modules may import besides each other. */
const FLOORS: readonly (readonly [room: RegExp, allowed: RegExp])[] = [
  [
    /^lib\/(after_running|checks|environment|errors|option_errors|runtime|stand_ins|unless_aborted|version)\.ts$/,
    /^$/,
  ],
  [/^lib\/(http|trace)\//, /^lib\/(checks|errors|option_errors)\.ts$/],
  [/^lib\/hashing\//, /^lib\/http\//],
  [/^lib\/scheduler\//, /^lib\/(errors\.ts$|http\/|trace\/)/],
  [/^lib\/policy\//, /^lib\/(http|scheduler)\//],
  [
    /^lib\/transport\//,
    /^lib\/((after_running|environment|errors|option_errors|runtime|unless_aborted)\.ts$|http\/)/,
  ],
  [
    /^lib\/engine\//,
    /^lib\/((checks|errors|option_errors|runtime|unless_aborted)\.ts$|hashing\/|http\/|scheduler\/|policy\/|trace\/|transport\/)/,
  ],
  [/^(lib\/metalink\/|metalink\.ts$)/, /^lib\/(errors\.ts$|hashing\/|http\/)/],
  [/^trace\.ts$/, /^(mod|lib\/trace\/\w+)\.ts$/],
  [/^mod\.ts$/, /^lib\/(?!command_line\/|cli\/|metalink\/|proxy\/)/],
  [/^lib\/command_line\//, /^$/],
  [
    /^(lib\/cli\/|cli\.ts$)/,
    /^((metalink|mod|lib\/(after_running|checks|environment|runtime|unless_aborted|version))\.ts$|lib\/(command_line|hashing|http|trace)\/)/,
  ],
  [
    /^(lib\/proxy\/|server\.ts$|serve\.ts$)/,
    /^((metalink|mod|lib\/(after_running|checks|environment|unless_aborted|version))\.ts$|lib\/(command_line|http)\/)/,
  ],
];

/** The rooms of each part, lowest first: each may import itself and those before it. */
const ROOMS: readonly (readonly [part: RegExp, rooms: readonly RegExp[]])[] = [
  [/^(lib\/cli\/|cli\.ts$)/, [
    /^lib\/cli\/failure\//,
    /^lib\/cli\/report\//,
    /^lib\/cli\/document\//,
    /^lib\/cli\/signature\//,
    /^lib\/cli\/checksum\//,
    /^lib\/cli\/plot\//,
    /^lib\/cli\/part\/pieces\//,
    /^lib\/cli\/part\/\w+\.ts$/,
    /^lib\/cli\/output\//,
    /^lib\/cli\/blame\//,
    /^lib\/cli\/arguments\/values\//,
    /^lib\/cli\/arguments\/flags\.ts$/,
    /^lib\/cli\/arguments\/credentials\//,
    /^lib\/cli\/arguments\/sources\//,
    /^lib\/cli\/arguments\/configuration\//,
    /^lib\/cli\/arguments\/\w+\.ts$/,
    /^lib\/cli\/metalink\//,
    /^lib\/cli\/process\//,
    /^lib\/cli\/mirrors\//,
    /^lib\/cli\/run\/checks\//,
    /^lib\/cli\/run\/tasks\//,
    /^lib\/cli\/run\/download\//,
    /^lib\/cli\/run\/\w+\.ts$/,
    /^lib\/cli\/probe\//,
    /^lib\/cli\/analyze\//,
    /^lib\/cli\/completions\//,
    /^cli\.ts$/,
  ]],
  [/^(lib\/metalink\/|metalink\.ts$)/, [
    /^lib\/metalink\/metalink_error\.ts$/,
    /^lib\/metalink\/xml_tree\.ts$/,
    /^lib\/metalink\/hashes\.ts$/,
    /^lib\/metalink\/metalink_file\.ts$/,
    /^lib\/metalink\/(format_)?metalink\.ts$/,
    /^metalink\.ts$/,
  ]],
  [/^(lib\/proxy\/|(server|serve)\.ts$)/, [
    /^lib\/proxy\/problem\.ts$/,
    /^lib\/proxy\/guard\//,
    /^lib\/proxy\/request\//,
    /^lib\/proxy\/capacity\//,
    /^lib\/proxy\/options\.ts$/,
    /^lib\/proxy\/observe\//,
    /^lib\/proxy\/page\//,
    /^lib\/proxy\/answer\/body\//,
    /^lib\/proxy\/answer\/file\//,
    /^lib\/proxy\/answer\/\w+\.ts$/,
    /^lib\/proxy\/handler\.ts$/,
    /^lib\/proxy\/listen\//,
    /^lib\/proxy\/command\//,
    /^(server|serve)\.ts$/,
  ]],
  [/^lib\/http\//, [
    /^lib\/http\/\w+\.ts$/,
    /^lib\/http\/address\//,
    /^lib\/http\/name\//,
    /^lib\/http\/response\//,
  ]],
  [/^lib\/transport\//, [
    /^lib\/transport\/network_failure\.ts$/,
    /^lib\/transport\/connections\//,
    /^lib\/transport\/insecure\//,
    /^lib\/transport\/responses\//,
    /^lib\/transport\/(exchange|request_headers)\.ts$/,
    /^lib\/transport\/transport\.ts$/,
  ]],
  [/^lib\/engine\//, [
    /^lib\/engine\/timing\//,
    /^lib\/engine\/memory\//,
    /^lib\/engine\/options\//,
    /^lib\/engine\/delivery\//,
    /^lib\/engine\/requests\//,
    /^lib\/engine\/(stats|event_log|mirror_sources|driver|downloader|insecure|discovery)\.ts$/,
  ]],
  [/^lib\/scheduler\//, [
    /^lib\/scheduler\/(bytes\/|(messages|view)\.ts$)/,
    /^lib\/scheduler\/host\//,
    /^lib\/scheduler\/mirror\//,
    /^lib\/scheduler\/(requests\/|state\.ts$)/,
    /^lib\/scheduler\/failure\//,
    /^lib\/scheduler\/opening\//,
    /^lib\/scheduler\/identity\//,
    /^lib\/scheduler\/assignment\//,
    /^lib\/scheduler\/(membership|scheduler)\.ts$/,
  ]],
];

/** The floors that hold no I/O, no clock and no chance. */
const PURE = /^lib\/(http|metalink|scheduler|policy|trace)\//;

/** What is not to be found on them. `Date.parse` and `Date.UTC` read no clock. */
const IMPURE =
  /\bDeno\.|\bDate\b(?!\.(parse|UTC)\b)|\bperformance\b|\bset(Timeout|Interval)\b|\bqueueMicrotask\b|\bMath\.random\b|\bcrypto\b|\bfetch\s*\(/;

Deno.test("importsOf() sees imports of every kind", () => {
  const { pathname } = new URL(import.meta.url);
  const own = importsOf(pathname.slice(ROOT.pathname.length));
  assertEquals(own, ["@std/assert", "mod.ts", "tests/support/project_files.ts"]);
  const face = importsOf("mod.ts");
  assert(face.includes("lib/errors.ts") && face.includes("lib/engine/downloader.ts"), `${face}`);
});

Deno.test("specifiersIn() sees modules that are taken from the platform by name", () => {
  for (
    const code of [
      "process.getBuiltinModule(NAME)",
      "process?.getBuiltinModule?.(NAME)",
      "globalThis.process.getBuiltinModule(\n  NAME,\n)",
      "require(NAME)",
      "await import(NAME)",
      "import NAME",
    ]
  ) {
    for (const name of ['"node:fs"', "'node:fs'", "`node:fs`"]) {
      assertEquals(specifiersIn(code.replace("NAME", name)), ["node:fs"], code);
    }
  }
  assertEquals(specifiersIn(`// ${"require"}("node:fs")`), []);
  assertEquals(specifiersIn(`${"requires"}("node:fs")`), []);
});

Deno.test("imports run down the floors", () => {
  const wrong: string[] = [];
  for (const [path, imports] of GRAPH) {
    const floor = FLOORS.find(([part]) => part.test(path));
    assert(floor !== undefined, `${path} is on no floor`);
    const [part, allowed] = floor!;
    for (const target of imports) {
      const isAllowed = part.test(target) || allowed.test(target) || EVERYWHERE.test(target);
      if (!GRAPH.has(target) || isAllowed) continue;
      wrong.push(`${path} imports ${target}`);
    }
  }
  assertEquals(wrong, []);
});

Deno.test("docs/architecture.md says what each room of lib imports", () => {
  const rows = read("docs/architecture.md").matchAll(/^\| `lib\/(\w+)\/` +\|.*\|([^|]*)\|$/gm);
  const named = new Map(
    [...rows].map(([, room, cell]) => [room!, [...cell!.matchAll(/[\w.]+/g)].map(([one]) => one)]),
  );
  const roomOf = (path: string) => /^lib\/(\w+)\//.exec(path)?.[1];
  const used = new Map<string, Set<string>>();
  for (const [path, imports] of GRAPH) {
    const room = roomOf(path);
    if (room === undefined) continue;
    const others = imports.flatMap((target) =>
      roomOf(target) ?? (doors().includes(target) ? target : [])
    );
    const all = used.get(room) ?? new Set();
    used.set(room, all.union(new Set(others.filter((other) => other !== room))));
  }
  const sorted = (rooms: Iterable<[string, Iterable<string>]>) =>
    [...rooms].map(([room, others]) => `${room}: ${[...others].sort()}`).sort();
  assertEquals(sorted(named), sorted(used));
});

Deno.test("rooms import only the rooms before them", () => {
  const wrong: string[] = [];
  for (const [part, rooms] of ROOMS) {
    const roomOf = (path: string) => rooms.findIndex((room) => room.test(path));
    for (const room of rooms) assert(MODULES.some((path) => room.test(path)), `${room} is empty`);
    for (const [path, imports] of GRAPH) {
      if (!part.test(path)) continue;
      if (roomOf(path) < 0) wrong.push(`${path} is in no room`);
      const above = imports.filter((target) => roomOf(target) > roomOf(path));
      wrong.push(...above.map((target) => `${path} imports ${target}`));
    }
  }
  assertEquals(wrong, []);
});

Deno.test("the page's script imports itself and the types of /live's messages only", () => {
  const script = MODULES.filter((path) => path.startsWith("lib/proxy/page/source/"));
  assert(script.length > 0);
  const foreign = script.flatMap((path) => GRAPH.get(path)!).filter((path) =>
    !path.startsWith("lib/proxy/page/source/")
  );
  assertEquals([...new Set(foreign)], ["lib/proxy/observe/live_message.ts"]);
});

Deno.test("what Node.js 20 lacks and types cannot tell is not used outside the proxy", () => {
  const wrong = MODULES.filter((path) => {
    const code = read(path).replace(/^\s*(\/?\*|\/\/).*$/gm, "");
    return !/^(lib\/proxy\/|server\.ts|serve\.ts)/.test(path) &&
      /\bURL\.parse\(|\.bytes\(\)/.test(code);
  });
  assertEquals(wrong, []);
});

Deno.test("no module imports text, which the registry refuses", () => {
  assertEquals(MODULES.filter((path) => /\bwith \{ type: /.test(read(path))), []);
});

Deno.test("imports lead to existing modules, without circles", () => {
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

Deno.test("the core imports only the platform and @std", () => {
  const core = MODULES.filter((path) =>
    !/^(lib\/(command_line|cli|metalink|proxy)\/|cli\.ts|metalink\.ts|server\.ts|serve\.ts)/.test(
      path,
    )
  );
  const exceptions: readonly (readonly [modules: RegExp, builtIn: RegExp])[] = [
    // Deno's own interface has no reset, no local address, no lookup by family, and no TLS that accepts
    // any certificate: these modules, which are loaded only when that is needed, use what Deno has of
    // Node.js.
    [
      /^lib\/transport\/(connections\/(dialer|relay|dead_address)|insecure\/\w+)\.ts$/,
      /^node:(net|dns|dns\/promises|http|https|tls|stream)$/,
    ],
    // Web Crypto hashes only bytes that are all in memory, and in new memory. By name and not by an import,
    // since browsers, which do not verify the hash of a whole file, have no such modules.
    [/^lib\/hashing\/platform_hash\.ts$/, /^node:crypto$/],
    [/^lib\/hashing\/hash_thread\.ts$/, /^node:(crypto|worker_threads)$/],
  ];
  for (const [modules] of exceptions) assert(core.some((path) => modules.test(path)), `${modules}`);
  const foreign = core.flatMap((path) => {
    const [, builtIn = /^$/] = exceptions.find(([modules]) => modules.test(path)) ?? [];
    const targets = GRAPH.get(path)!.filter((target) => !GRAPH.has(target));
    return targets.filter((name) => !builtIn.test(name)).map((name) => ({ path, name }));
  });
  assertEquals(foreign.filter(({ name }) => !name.startsWith("@std/")), []);
  // A name that is computed would not be seen.
  const byName = core.filter((path) => /\b(getBuiltinModule|createRequire)\b/.test(read(path)));
  assertEquals(byName.sort(), ["lib/hashing/hash_thread.ts", "lib/hashing/platform_hash.ts"]);
});

Deno.test("pure floors have no I/O, clock or randomness", () => {
  const pure = MODULES.filter((path) => PURE.test(path));
  for (const room of ["http", "metalink", "scheduler", "policy", "trace"]) {
    assert(pure.some((path) => path.startsWith(`lib/${room}/`)), `lib/${room}/ has no modules`);
  }
  const wrong = pure.flatMap((path) => {
    const code = read(path).replace(/\/\*[\s\S]*?\*\/|\/\/.*$|"(?:[^"\\\n]|\\.)*"/gm, "");
    const found = IMPURE.exec(code);
    return found === null ? [] : [`${path}: ${found[0]}`];
  });
  assertEquals(wrong, []);
});

Deno.test("IMPURE matches what pure floors must not contain", () => {
  for (
    const code of [
      "Deno.env",
      "Date.now()",
      "new Date()",
      "performance.now()",
      "setTimeout(f)",
      "Math.random()",
      "fetch(url)",
      "crypto.subtle",
    ]
  ) assert(IMPURE.test(code), code);
  for (const code of ["Date.parse(text)", "options.fetch", "startDate"]) {
    assert(!IMPURE.test(code), code);
  }
});

Deno.test("deno.json and import_map.npm.json map the same names", () => {
  const keys = (path: string) => Object.keys(readJson(path).imports as object).sort();
  assertEquals(keys("import_map.npm.json"), keys("deno.json"));
});

Deno.test("every mapped name is imported", () => {
  const folders = ["lib/", "tests/", "build/", "examples/"];
  const texts = [...folders.flatMap((folder) => [...modulesIn(folder)]), ...doors()].map(read);
  const isUsed = (name: string) =>
    texts.some((text) => text.includes(`"${name}"`) || text.includes(`imports.${name}}`));
  const mapped = Object.keys(readJson("deno.json").imports as object);
  assertEquals(mapped.filter((name) => !isUsed(name)), []);
});

Deno.test("every imported name is mapped", () => {
  const mapped = Object.keys(readJson("deno.json").imports as object);
  const bare = [...GRAPH.values()].flat().filter((name) => name.startsWith("@"));
  assertEquals(bare.filter((name) => !mapped.includes(name)), []);
});

Deno.test("VERSION is that of deno.json", () => {
  assertEquals(VERSION, readJson("deno.json").version);
});

Deno.test("every export of deno.json is an entry point", () => {
  const targets = Object.values(readJson("deno.json").exports as Record<string, string>);
  assertEquals(targets.map((path) => path.slice(2)).sort(), doors().sort());
});
