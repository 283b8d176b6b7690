/** Follows the steps of the Dockerfile in a folder, with the files that a build would have. */

import { assert, assertEquals } from "@std/assert";
import { workplace } from "../support/workplace.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

/** Returns the Dockerfile's instructions: a name and its arguments, with continued lines joined. */
function instructions(): [name: string, args: string][] {
  const text = Deno.readTextFileSync(`${ROOT}Dockerfile`);
  return text.replaceAll(/\\\n\s*/g, "").split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => /^(\w+) (.*)$/.exec(line)!.slice(1) as [string, string]);
}

/** Returns the command of the instruction, which is in exec form. */
function commandOf(name: string): string[] {
  const args = instructions().find(([one]) => one === name)?.[1] ?? "";
  return JSON.parse(args.slice(args.indexOf("[")));
}

/** Paths that .dockerignore lets through: its last matching line decides. */
function reachesBuild(path: string, isFolder: boolean): boolean {
  const rules = Deno.readTextFileSync(`${ROOT}.dockerignore`).trim().split("\n");
  let reaches = true;
  for (const rule of rules) {
    const allows = rule.startsWith("!");
    const pattern = rule.replace(/^!/, "").replace(/\/$/, "");
    if (pattern === "*" || path === pattern || path.startsWith(`${pattern}/`)) reaches = allows;
    // A folder is visited if a later rule lets some of it through.
    else if (isFolder && allows && pattern.startsWith(`${path}/`)) reaches = true;
  }
  return reaches;
}

async function copy(path: string, target: string): Promise<void> {
  const { isDirectory } = await Deno.stat(ROOT + path);
  if (!reachesBuild(path, isDirectory)) return;
  if (!isDirectory) return await Deno.copyFile(ROOT + path, target);
  await Deno.mkdir(target, { recursive: true });
  for await (const { name } of Deno.readDir(ROOT + path)) {
    await copy(`${path}/${name}`, `${target}/${name}`);
  }
}

Deno.test("the steps of the Dockerfile lead to a proxy that passes its health check", async () => {
  using place = workplace();
  for (const [name, args] of instructions()) {
    if (name !== "COPY") continue;
    const sources = args.split(" ");
    const target = sources.pop()!;
    for (const source of sources) {
      assert(reachesBuild(source, false), `.dockerignore withholds ${source}`);
      await copy(source, place.at(target === "./" ? source : target));
    }
  }
  assertEquals(place.names().includes("serve.ts"), false);
  const run = async (command: readonly string[]) => {
    assertEquals(command[0], "deno");
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      ...{
        args: command.slice(1),
        cwd: place.path,
        stdin: "null",
        stdout: "null",
        env: { NO_COLOR: "1" },
      },
    }).output();
    return { code, said: new TextDecoder().decode(stderr) };
  };
  const built = await run(commandOf("RUN"));
  assertEquals(built.code, 0, built.said);

  // Clients reach the container's port by the host's; here it is a free one of loopback.
  const entry = commandOf("ENTRYPOINT").map((arg) =>
    arg.replace("0.0.0.0", "127.0.0.1").replace(/^--port=8080$/, "--port=0")
  );
  await using child = new Deno.Command(Deno.execPath(), {
    args: entry.slice(1),
    cwd: place.path,
    env: { NO_COLOR: "1", SPHTTP_TOKEN: "0123456789abcdef" },
    ...{ stdin: "null", stdout: "null", stderr: "piped" },
  }).spawn();
  let text = "";
  for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.includes("\n")) break;
  }
  const [, host] = /listening on http:\/\/([\d.:]+)\//.exec(text) ?? [];
  assert(host !== undefined, text);
  const check = (at = host!) =>
    run(commandOf("HEALTHCHECK").map((arg) => arg.replace("127.0.0.1:8080", at)));
  assertEquals((await check()).code, 0);
  const metrics = await fetch(`http://${host}/metrics`);
  await metrics.body?.cancel();
  assertEquals(metrics.status, 401);
  child.kill("SIGTERM");
  assertEquals((await child.status).code, 0);
  assert((await check()).code !== 0, "a proxy that has ended is not healthy");
});
