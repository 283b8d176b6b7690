import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { workplace } from "../support/workplace.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const TASK: string = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`)).tasks.compile.command;

async function deno(args: string[], env: Record<string, string> = {}): Promise<string> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    ...{ args, cwd: ROOT, env: { NO_COLOR: "1", ...env }, stdout: "null", stderr: "piped" },
  }).output();
  const text = new TextDecoder().decode(stderr);
  assert(success, text);
  return text;
}

Deno.test("deno task compile builds one file", async () => {
  using place = workplace();
  const output = place.at("sphttp-proxy");
  // `deno task check` has checked the types, which takes longer than all the rest.
  const args = TASK.replace(/-o \S+/, `--no-check -o ${output}`).split(" ").slice(1);
  // Deno itself serves as the runtime, so that the test downloads none.
  const said = await deno(args, { DENORT_BIN: Deno.execPath() });
  assertStringIncludes(said, "Embedded Files");
  assertEquals(/node_modules|npm/.test(said.slice(said.indexOf("Embedded Files"))), false, said);
  assert((await Deno.stat(output)).size > 1e6);
});

Deno.test("the compiled program runs with its permissions", async () => {
  using place = workplace();
  const bundle = place.at("proxy.js");
  await deno([
    "bundle",
    "--platform=deno",
    "--import-map=import_map.npm.json",
    "-o",
    bundle,
    "server.ts",
  ]);
  const permissions = TASK.split(" ").filter((flag) => flag.startsWith("--allow-"));
  assert(permissions.length > 0);
  const args = ["run", "--no-prompt", ...permissions, bundle, "--host=127.0.0.1", "--port=0"];
  await using child = new Deno.Command(Deno.execPath(), {
    ...{ args, cwd: place.path, stdin: "null", stdout: "null", stderr: "piped" },
  }).spawn();
  let text = "";
  for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.includes("\n")) break;
  }
  const origin = /http:\/\/[^\s/]+/.exec(text)?.[0];
  assert(origin !== undefined, text);
  for (const path of ["healthz", "metrics", ""]) {
    const response = await fetch(`${origin}/${path}`);
    assertEquals([response.status, (await response.text()).length > 0], [200, true]);
  }
  child.kill("SIGTERM");
  assertEquals((await child.status).code, 0);
});
