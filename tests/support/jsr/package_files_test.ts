import { assertEquals } from "@std/assert";
import { refusals } from "./package_files.ts";

function refusalsOf(files: Record<string, string>, exports: Record<string, string> = {}): string[] {
  const encoder = new TextEncoder();
  const entries = Object.entries(files).map(([path, text]) =>
    [path, encoder.encode(text)] as const
  );
  return refusals({ exports, files: new Map(entries) });
}

Deno.test("refusals() accepts what JSR accepts", () => {
  const imported = [
    "./lib/a.ts",
    "jsr:@std/http@^1.0.0/status",
    "npm:@scope/name@1/c.js",
    "node:net",
  ];
  const code = `
    // import "bare";
    ${imported.map((specifier, index) => `import a${index} from "${specifier}";`).join("\n")}
    import e from "./e.json" with { type: "json" };
    export * from "./lib/a.ts";
    const f = await import("npm:name@~2.1");
    const text = "words from", list = "a, b";
  `;
  const files = { "mod.ts": code, "lib/a.ts": `import "../mod.ts";`, "e.json": "{}", "c.md": "" };
  assertEquals(refusalsOf(files, { ".": "./mod.ts" }), []);
});

for (
  const [what, files, refused] of [
    ["a bare name", { "a.ts": `import "@std/http";` }, "neither relative"],
    ["a URL", { "a.ts": `export * from "https://one.example/a.ts";` }, "neither relative"],
    ["npm: without a version", { "a.ts": `await import("npm:saxes");` }, "names no version"],
    ["jsr: without a version", { "a.ts": `import "jsr:@std/http/status";` }, "names no version"],
    ["a missing file", { "lib/a.ts": `import "../../b.ts";` }, "not a file of the package"],
    [
      "a text",
      { "a.ts": `import t from "./a.ts" with { type: "text" };` },
      "imports what is not JSON",
    ],
    ["paths that differ in case", { "a.ts": "", "A.ts": "" }, "differ in case only: a.ts A.ts"],
    ["a path with a space", { "a b.ts": "" }, "not a portable path"],
    ["too many bytes", { "a.bin": "0".repeat(21 * 1024 * 1024) }, "are more than"],
  ] as const
) {
  Deno.test(`refusals() refuses ${what}`, () => {
    const lines = refusalsOf(files);
    assertEquals([lines.length, lines[0]?.includes(refused)], [1, true], lines.join("\n"));
  });
}

Deno.test("refusals() refuses an entry point that is missing", () => {
  assertEquals(refusalsOf({}, { ".": "./mod.ts" }), ["export .: no file ./mod.ts"]);
});
