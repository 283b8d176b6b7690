import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { basename } from "node:path";
import { randomContent } from "../support/lab/content.ts";
import { type LabMirror, startMirror } from "../support/lab/mirror_lab.ts";
import { BUNDLES_VARIABLE } from "../support/programs/own_commands.ts";
import { Child } from "../support/proxy/proxy_child.ts";
import { makeKey, sign } from "../support/signatures/openpgp_keys.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

const CONTENT = randomContent(1_500_000, 3);
const BYTES = CONTENT.read(0, CONTENT.size);
const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("../../deno.json", import.meta.url)));

const ROOT = new URL("../..", import.meta.url).pathname;

/** Bundles both commands in a process of its own: that of esbuild ends a moment after it was told to. */
async function buildBundles(folder: string): Promise<void> {
  const options = ["--quiet", "--no-check", "-A", `--import-map=${ROOT}import_map.npm.json`];
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...options, `${ROOT}build/bundle.ts`, folder],
    stdin: "null",
    stderr: "inherit",
  }).output();
  assert(success);
}

/** Both commands, bundled once for all tests of this file, or of a run of all. */
const bundles = workplace();
const shared = Deno.env.get(BUNDLES_VARIABLE);
if (shared === undefined) await buildBundles(bundles.at("dist"));
else Deno.symlinkSync(shared, bundles.at("dist"), { type: "dir" });
addEventListener("unload", () => bundles[Symbol.dispose]());

/** Returns the arguments of Deno for a bundled command, with the permissions of its task. */
function denoArguments(task: string, script: string): string[] {
  const permissions = tasks[task].command.split(" ").filter((word: string) =>
    /^--allow/.test(word)
  );
  assert(permissions.length > 0);
  return ["run", "--quiet", "--no-prompt", ...permissions, script];
}

/** Runs a bundled `sphttp` in a folder. */
async function sphttp(
  place: Workplace,
  args: readonly string[],
  script = bundles.at("dist/sphttp.js"),
) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...denoArguments("sphttp", script), ...args],
    cwd: place.path,
    env: { NO_COLOR: "1", HOME: place.path },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, bytes: stdout, stdout: text(stdout), stderr: text(stderr) };
}

/** Runs it, and expects that it succeeds. */
async function succeed(place: Workplace, ...args: readonly string[]) {
  const result = await sphttp(place, args);
  assertEquals(result.code, 0, result.stderr);
  return result;
}

async function withMirrors(run: (urls: string[], mirrors: LabMirror[]) => Promise<void>) {
  await using one = await startMirror({ content: CONTENT, bytesPerSecond: 4_000_000 });
  await using two = await startMirror({ content: CONTENT, bytesPerSecond: 4_000_000 });
  await run([one.url, two.url], [one, two]);
}

/** Returns the paths that a file of a bundle imports statically, with itself, as they load. */
function staticFiles(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  const text = Deno.readTextFileSync(path);
  for (const [, from] of text.matchAll(/(?:^|;)(?:import|export)\b[^"';()]*"(\.[^"]+)"/gm)) {
    staticFiles(new URL(from!, `file://${path}`).pathname, found);
  }
  return found;
}

Deno.test("a plain download needs two files of the bundle, and is in order", async () => {
  using place = workplace();
  const needed = [...staticFiles(bundles.at("dist/sphttp.js"))];
  assertEquals(needed.length, 2, needed.join(" "));
  // Without all others.
  Deno.mkdirSync(place.at("chunks"));
  place.write("sphttp.js", Deno.readFileSync(needed[0]!));
  place.write(`chunks/${basename(needed[1]!)}`, Deno.readFileSync(needed[1]!));
  await withMirrors(async (urls, mirrors) => {
    for (const args of [["-o", "file.bin", ...urls], ["-o", "-", ...urls]]) {
      const { code, bytes, stderr } = await sphttp(place, args, place.at("sphttp.js"));
      assertEquals(code, 0, stderr);
      assertEquals(args[1] === "-" ? bytes : place.read("file.bin"), BYTES);
    }
    for (const { requests } of mirrors) assert(requests.length > 0);
  });
});

Deno.test("what few runs need is loaded from the bundle when they need it", async (t) => {
  using place = workplace();
  const file = place.write("file.bin", BYTES);
  await withMirrors(async (urls) => {
    await t.step("the help, suggestions, the version and completions", async () => {
      const { stdout } = await succeed(place, "--help", "all");
      assertStringIncludes(stdout, "--signature-key");
      assertMatch((await sphttp(place, ["--ouput=x"])).stderr, /did you mean '--output'\?/);
      assertMatch((await succeed(place, "--version")).stdout, /^sphttp \d/);
      assertStringIncludes((await succeed(place, "completions", "bash")).stdout, "complete ");
    });

    await t.step("probe", async () => {
      const { stdout } = await succeed(place, "probe", "--json", ...urls);
      assertEquals(JSON.parse(stdout).mirrors.length, 2);
    });

    await t.step("Metalinks, written and downloaded by", async () => {
      await succeed(place, "metalink", "-o", "file.meta4", file, ...urls);
      Deno.removeSync(file);
      const { stderr } = await succeed(place, "-M", "file.meta4");
      assertStringIncludes(stderr, "file.bin");
      assertEquals(place.read("file.bin"), BYTES);
    });

    await t.step("checksums, traces and their analysis, and --json", async () => {
      const checksum = `sha-256=${CONTENT.sha256()}`;
      const args = ["--json", "--trace=trace", "--checksum", checksum, "-o", "checked.bin"];
      const { stderr } = await succeed(place, ...args, ...urls);
      for (const line of stderr.trim().split("\n")) JSON.parse(line);
      assertStringIncludes((await succeed(place, "analyze", "trace")).stdout, "invalid blocks");
    });

    await t.step("the reason of a failure", async () => {
      const missing = new URL("/missing", urls[0]!).href;
      const { code, stderr } = await sphttp(place, ["-o", "x", missing]);
      assertEquals(code, 22, stderr);
      assertStringIncludes(stderr, "404");
    });
  });
});

Deno.test("an OpenPGP signature is verified by the bundle", async () => {
  using place = workplace();
  const key = await makeKey();
  place.write("key.asc", key.armored);
  const files: Record<string, BodyInit> = { "/f": BYTES, "/f.asc": await sign(BYTES, key) };
  const options = { port: 0, hostname: "127.0.0.1", onListen() {} };
  await using server = Deno.serve(options, ({ url }) => new Response(files[new URL(url).pathname]));
  const url = `http://127.0.0.1:${server.addr.port}/f`;
  const { stderr } = await succeed(place, "--signature-key=key.asc", "-o", "f", url);
  assertStringIncludes(stderr, "the file is signed by key ");
  assertEquals(place.read("f"), BYTES);
});

Deno.test("the bundled proxy serves files, its page and metrics", async () => {
  await withMirrors(async (urls) => {
    const script = bundles.at("dist/sphttp-proxy.js");
    const options = ["--host=127.0.0.1", "--port=0", "--allow-private"];
    await using proxy = new Child([...denoArguments("proxy", script), ...options]);
    proxy.url = await proxy.said(/listening on (\S+)/);
    const file = await proxy.ask(`/proxy?host=${urls.map(encodeURIComponent)}`);
    assertEquals(await file.bytes(), BYTES);
    for (const [path, text] of [["/", "<title>"], ["/metrics", "# HELP"]] as const) {
      const response = await proxy.ask(path);
      assertEquals(response.status, 200);
      assertStringIncludes(await response.text(), text);
    }
  });
});

Deno.test("the same sources make the same bundle, in the place of an older one", async () => {
  using place = workplace();
  const folder = place.at("dist");
  Deno.mkdirSync(`${folder}/chunks`, { recursive: true });
  for (const name of ["sphttp.js", "chunks/older-AAAAAAAA.js", "kept.tar.gz"]) {
    place.write(`dist/${name}`, "older");
  }
  await buildBundles(folder);
  const names = (at: Workplace) => [...at.names("dist"), ...at.names("dist/chunks")];
  assertEquals(names(place).filter((name) => name !== "kept.tar.gz"), names(bundles));
  for (const name of ["sphttp.js", "sphttp-proxy.js", "NOTICES.txt"]) {
    assertEquals(place.readText(`dist/${name}`), bundles.readText(`dist/${name}`));
  }
  for (const name of bundles.names("dist/chunks")) {
    assertEquals(place.readText(`dist/chunks/${name}`), bundles.readText(`dist/chunks/${name}`));
  }
});

Deno.test("the bundle has the notices of the packages in it", () => {
  const notices = bundles.readText("dist/NOTICES.txt");
  const titles = [...notices.matchAll(/^([^\s(]+) \d[\w.]* \(([^)]+)\)/gm)].map(([, ...one]) =>
    one
  );
  assertEquals(titles, [
    ["@opentelemetry/api", "Apache-2.0"],
    ["bintrees", "MIT"],
    ["deno-std", "MIT"],
    ["openpgp", "LGPL-3.0+"],
    ["prom-client", "Apache-2.0"],
    ["saxes", "ISC"],
    ["tdigest", "MIT"],
    ["xmlchars", "MIT"],
  ]);
  for (
    const text of [
      "Apache License",
      "GNU LESSER GENERAL PUBLIC LICENSE",
      "the Deno authors",
      "Copyright Louis-Dominique Dubeau\n\nPermission to use",
    ]
  ) assertStringIncludes(notices, text);
  const all = bundles.names("dist/chunks").map((name) => bundles.readText(`dist/chunks/${name}`));
  assert(all.some((text) => text.includes("/*! OpenPGP.js")));
});
