/**
 * How many connections the platform opens depends on turns of the event loop, which has others under
 * `deno test`: the requests are sent by a process of its own.
 */

import { assertEquals } from "@std/assert";
import { resolveOptions } from "../../lib/engine/options/resolve_options.ts";
import type { Reply } from "../../lib/transport/exchange.ts";
import { Transport } from "../../lib/transport/transport.ts";
import { FILE, withMirrors } from "../support/download.ts";

const ROOT = new URL("../../", import.meta.url);

/** Sends requests on a number of lanes, on each one after the other. */
async function run(url: string, lanes: number, requests: number): Promise<void> {
  const module = (path: string) => JSON.stringify(new URL(path, ROOT).href);
  const code = `
    import { resolveOptions } from ${module("lib/engine/options/resolve_options.ts")};
    import { Transport } from ${module("lib/transport/transport.ts")};
    const url = ${JSON.stringify(url)};
    const transport = new Transport({ ...resolveOptions([url], {}), knownMirrors: [] });
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: ${lanes} }, async () => {
      for (let count = 0; count < ${requests}; count++) {
        const wanted = { start: 0, end: 300_000, size: ${FILE.size} };
        const { body } = await transport.request(0, wanted, signal);
        while (await body.read() !== undefined);
      }
    }));
    await transport.close();`;
  const map = new URL("import_map.npm.json", ROOT).pathname;
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--allow-all", `--import-map=${map}`, "-"],
    stdin: "piped",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(code));
  await writer.close();
  assertEquals((await process.status).code, 0);
}

Deno.test("Transport sends requests that follow each other on the same connections", async () => {
  for (const lanes of [1, 4]) {
    await withMirrors([{}], async ([url], [mirror]) => {
      await run(url!, lanes, 40);
      const { requests, connectionsAccepted } = mirror!;
      assertEquals([requests.length, connectionsAccepted], [40 * lanes, lanes]);
    });
  }
});

Deno.test("Transport.reconnect(): later requests have new connections, those under way go on", async () => {
  await withMirrors([{}], async ([url], [mirror]) => {
    const transport = new Transport({ ...resolveOptions([url!], {}), knownMirrors: [] });
    const { signal } = new AbortController();
    const wanted = { start: 0, end: FILE.size, size: FILE.size };
    const readAll = async ({ body }: Reply) => {
      let bytes = 0;
      for (;;) {
        const part = await body.read();
        if (part === undefined) return bytes;
        bytes += part.byteLength;
      }
    };
    const underWay = await transport.request(0, wanted, signal);
    await readAll(await transport.request(0, wanted, signal));
    assertEquals(mirror!.connectionsAccepted, 2);
    transport.reconnect();
    for (let count = 0; count < 3; count++) {
      assertEquals(await readAll(await transport.request(0, wanted, signal)), FILE.size);
      assertEquals(mirror!.connectionsAccepted > 2, true);
    }
    assertEquals(await readAll(underWay), FILE.size);
    await transport.close();
  });
});
