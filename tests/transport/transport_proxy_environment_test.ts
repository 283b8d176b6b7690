/**
 * Without the option `proxy`, Deno's own reading of the environment holds. That is not ours to decide,
 * but the documentation says what it is: this fails when it becomes something else.
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { FILE, withMirrors } from "../support/download.ts";
import { startHttpProxy } from "../support/lab/forward_proxy.ts";

const MODULE = new URL("../../mod.ts", import.meta.url).href;
const IMPORT_MAP = new URL("../../import_map.npm.json", import.meta.url).pathname;

/** What Deno needs of the environment of the tests. */
const { PATH = "", HOME = "", DENO_DIR } = Deno.env.toObject();
const KEPT = { PATH, HOME, ...(DENO_DIR !== undefined && { DENO_DIR }) };

/** Downloads in a process of its own; the bytes that came, or the name and message of the error. */
async function downloadWith(
  env: Readonly<Record<string, string>>,
  url: string,
  options: object,
  permissions: readonly string[] = [],
): Promise<number | string> {
  const [result] = await downloadEach(env, url, [options], permissions);
  return result!;
}

/**
 * Downloads with each of the options in turn, in one process of their own, from the URL with the query `?0`, `?1`, ….
 * Resolves to the bytes that came, or the name and message of the error, for each.
 */
async function downloadEach(
  env: Readonly<Record<string, string>>,
  url: string,
  rows: readonly object[],
  permissions: readonly string[] = [],
): Promise<(number | string)[]> {
  const code = `
    import { Downloader } from ${JSON.stringify(MODULE)};
    const results = [];
    for (const [row, options] of ${JSON.stringify(rows)}.entries()) {
      let bytes = 0;
      try {
        const url = ${JSON.stringify(url)} + "?" + row;
        for await (const part of new Downloader([url], options)) bytes += part.byteLength;
        results.push([bytes, Deno.args.map((name) => Deno.env.get(name))]);
      } catch (error) {
        results.push([String(error)]);
      }
    }
    console.log(JSON.stringify(results));`;
  // With the permission, the environment must be the same afterwards.
  const names = permissions.length > 0 ? Object.keys(env) : [];
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--allow-net",
      ...permissions,
      `--import-map=${IMPORT_MAP}`,
      "-",
      ...names,
    ],
    stdin: "piped",
    stdout: "piped",
    clearEnv: true,
    env: { ...KEPT, ...env },
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(code));
  await writer.close();
  const { stdout } = await process.output();
  const results: [number | string, string[]?][] = JSON.parse(new TextDecoder().decode(stdout));
  return results.map(([result, values]) => {
    if (values !== undefined) assertEquals(values, names.map((name) => env[name]));
    return result;
  });
}

/** `PROXY` stands for the lab's, and nobody listens at `NOWHERE`. */
const NOWHERE = "http://127.0.0.1:1";

const TABLE: readonly (readonly [env: Readonly<Record<string, string>>, proxied: boolean])[] = [
  [{}, false],
  [{ HTTP_PROXY: "PROXY" }, true],
  [{ http_proxy: "PROXY" }, true],
  [{ HTTPS_PROXY: "PROXY" }, false],
  [{ ALL_PROXY: "PROXY" }, true],
  [{ all_proxy: "PROXY" }, true],
  // Upper case goes before lower case, and ALL_PROXY before the others.
  [{ HTTP_PROXY: "PROXY", http_proxy: NOWHERE }, true],
  [{ ALL_PROXY: "PROXY", HTTP_PROXY: NOWHERE }, true],
  [{ HTTP_PROXY: "PROXY", REQUEST_METHOD: "GET" }, false],
  [{ HTTP_PROXY: "PROXY", NO_PROXY: "one.example, 127.0.0.1" }, false],
  [{ HTTP_PROXY: "PROXY", no_proxy: "127.0.0.0/8" }, false],
  [{ HTTP_PROXY: "PROXY", NO_PROXY: "*" }, true],
];

Deno.test("proxy: by default, Deno reads the environment as the documentation says", async () => {
  await withMirrors([{}], async ([url]) => {
    for (const [template, proxied] of TABLE) {
      await using proxy = await startHttpProxy();
      const env = Object.fromEntries(
        Object.entries(template).map((
          [name, value],
        ) => [name, value.replace("PROXY", `http://${proxy.host}`)]),
      );
      const about = JSON.stringify(template);
      assertEquals(await downloadWith(env, url!, {}), FILE.size, about);
      assertEquals(proxy.seen.length > 0, proxied, about);
    }
  });
});

Deno.test("proxy: a client of our own reads the environment, too; the option goes before it", async () => {
  await withMirrors([{}], async ([url]) => {
    await using proxy = await startHttpProxy();
    await using other = await startHttpProxy();
    const env = { HTTP_PROXY: `http://${proxy.host}` };
    assertEquals(await downloadWith(env, url!, { http: "http1" }), FILE.size);
    const seen = proxy.seen.length;
    assertEquals(seen > 0, true);
    const option = { proxy: `http://${other.host}` };
    assertEquals(await downloadWith(env, url!, option), FILE.size);
    assertEquals([proxy.seen.length, other.seen.length > 0], [seen, true]);
    // But for a host that is not to be asked through any.
    const before = other.seen.length;
    assertEquals(await downloadWith({ NO_PROXY: "127.0.0.1" }, url!, option), FILE.size);
    assertEquals(other.seen.length, before);
  });
});

Deno.test("proxy: false and noProxy go before the environment, which stays as it is", async () => {
  await withMirrors([{}], async ([url]) => {
    await using proxy = await startHttpProxy();
    const env = { HTTP_PROXY: `http://${proxy.host}`, NO_PROXY: "two.example" };
    const rows: readonly (readonly [options: object, proxied: boolean])[] = [
      [{ http: "http1" }, true],
      [{ proxy: false }, false],
      [{ noProxy: "127.0.0.0/8" }, false],
      [{ noProxy: "two.example, *" }, false],
      [{ noProxy: "two.example" }, true],
      [{ noProxy: "" }, true],
      [{ proxy: NOWHERE, noProxy: "*" }, false],
      [{ proxy: NOWHERE, noProxy: "127.0.0.1" }, false],
    ];
    const results = await downloadEach(env, url!, rows.map(([options]) => options), [
      "--allow-env",
    ]);
    assertEquals(results, rows.map(() => FILE.size));
    for (const [row, [options, proxied]] of rows.entries()) {
      const isSeen = proxy.seen.some((target) => target.endsWith(`?${row}`));
      assertEquals(isSeen, proxied, JSON.stringify(options));
    }
    // Without the permission, the environment cannot be hidden from Deno.
    const errors = await downloadEach(env, url!, [{ proxy: false }, { noProxy: "*" }]);
    for (const [at, option] of ["proxy", "noProxy"].entries()) {
      assertStringIncludes(String(errors[at]), `NotCapable: ${option} needs Deno's permission`);
      assertStringIncludes(String(errors[at]), "NO_PROXY");
    }
  });
});

Deno.test("connect: the environment's proxies do not lead around the rules", async () => {
  await withMirrors([{}], async ([url]) => {
    const { port } = new URL(url!);
    const named = url!.replace("127.0.0.1", "one.example");
    const connect = { resolve: { [`one.example:${port}`]: "127.0.0.1" } };
    const options = { connect };
    for (const env of [{ NO_PROXY: "one.example" }, { ALL_PROXY: NOWHERE }]) {
      assertEquals(await downloadWith(env, named, options, ["--allow-env"]), FILE.size);
    }
    const error = String(await downloadWith({ NO_PROXY: "one.example" }, named, options));
    assertStringIncludes(error, "NotCapable: connect needs Deno's permission");
  });
});

Deno.test("mayHaveProxies() tells whether the environment has proxies, or may not be read", async () => {
  const module = new URL("../../lib/transport/connections/proxy_environment.ts", import.meta.url);
  const code = `import { mayHaveProxies } from ${JSON.stringify(module.href)};
    console.log(mayHaveProxies());`;
  const url = `data:text/javascript,${encodeURIComponent(code)}`;
  const table: [env: Record<string, string>, args: string[], expected: boolean][] = [
    [{}, ["--allow-env"], false],
    [{ NO_PROXY: "one.example", HTTP_PROXY: "" }, ["--allow-env"], false],
    [{ HTTP_PROXY: NOWHERE }, ["--allow-env"], true],
    [{ all_proxy: NOWHERE }, ["--allow-env"], true],
    [{}, [], true],
  ];
  for (const [env, args, expected] of table) {
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--no-prompt", `--import-map=${IMPORT_MAP}`, ...args, url],
      clearEnv: true,
      env: { ...KEPT, ...env },
    }).output();
    const [said, why] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
    assertEquals(said, String(expected), why);
  }
});
