/**
 * A benchmark of the proxy's memory: many clients that read their first bytes and pause. The command runs with
 * a small `--memory`; what it holds and its resident memory are read from outside.
 *
 * @module
 */

import { metric } from "../support/proxy/proxy_scene.ts";
import { started } from "../support/proxy/proxy_child.ts";
import { withHoles } from "./served.ts";
import { table } from "./usage.ts";

const MIB = 1024 ** 2;
const CLIENTS = 128;
const MEMORY = 96 * MIB;
/** Bytes that each client requests, more than connections and systems hold. */
const PIECE = 64_000_000;
/** Distance of what they request, in bytes. */
const STEP = 4_000_000;
const SIZE = CLIENTS * STEP + PIECE;
/** Until what the clients may hold has arrived, in milliseconds. */
const SETTLE_MS = 3000;

/** Lets 128 clients pause after their first bytes; one after another they request pieces of one file. */
export async function pausedClients(): Promise<void> {
  await withHoles([SIZE], async (urlsOf) => {
    await using proxy = await started("--allow-private", "--log=none", `--memory=${MEMORY}`);
    const link = `/proxy?${urlsOf(SIZE).map((url) => `url=${encodeURIComponent(url)}`).join("&")}`;
    const held = () => metric(proxy.url.replace(/\/$/, ""), "sphttp_buffer_bytes");
    const request = (start: number, length: number) =>
      proxy.ask(link, { headers: { range: `bytes=${start}-${start + length - 1}` } });
    const before = memoryOf(proxy.pid);
    await (await request(0, PIECE)).body!.pipeTo(new WritableStream());
    const warm = memoryOf(proxy.pid);
    const paused: ReadableStreamDefaultReader<Uint8Array>[] = [];
    let mostHeld = 0;
    let refused = 0;
    for (let client = 0; client < CLIENTS; client++) {
      const response = await request(client * STEP, PIECE);
      if (response.status === 206) {
        const reader = response.body!.getReader();
        await reader.read();
        paused.push(reader);
      } else {
        refused++;
        await response.body?.cancel();
      }
      mostHeld = Math.max(mostHeld, await held());
    }
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    mostHeld = Math.max(mostHeld, await held());
    const full = memoryOf(proxy.pid);
    for (const reader of paused) await reader.cancel();
    while (await held() > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    const megabytes = (bytes: number) => (bytes / MIB).toFixed(0);
    console.log(`\n${CLIENTS} clients that pause, --memory ${megabytes(MEMORY)} MiB\n`);
    console.log(table([
      ["paused", "refused", "reorder buffers MiB", "RSS at start", "warm", "paused", "peak"],
      [
        `${paused.length}`,
        `${refused}`,
        megabytes(mostHeld),
        ...[before.resident, warm.resident, full.resident, full.peak].map(megabytes),
      ],
    ]));
  });
}

/** Returns the resident memory of a process and its peak, in bytes. */
function memoryOf(pid: number): { readonly resident: number; readonly peak: number } {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const read = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
  return { resident: read("VmRSS"), peak: read("VmHWM") };
}
