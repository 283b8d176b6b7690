import { assert, assertEquals } from "@std/assert";
import { createHandler, type ProxyOptions } from "../../../server.ts";
import { randomContent } from "../../support/lab/content.ts";
import { FILE, withMirrors } from "../../support/download.ts";

interface Line {
  readonly url: string;
  readonly status: number;
  readonly bytes: number;
  readonly outcome: string;
}

/** A handler whose log is recorded. */
function logged(options: ProxyOptions = {}) {
  const lines: Line[] = [];
  const handler = createHandler({
    allowPrivate: true,
    logFormat: "json",
    log: (line) => lines.push(JSON.parse(line)),
    ...options,
  });
  const get = (path: string, init?: RequestInit) =>
    handler(new Request(`http://proxy.test${path}`, init));
  const figures = () => lines.map(({ status, bytes, outcome }) => [status, bytes, outcome]);
  /** Waits for the line: a request ends a moment after its last byte. */
  const have = async (count: number) => {
    for (let turn = 0; lines.length < count; turn++) {
      assert(turn < 10_000, `only ${lines.length} lines are there`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  const close = () => handler[Symbol.asyncDispose]();
  return { get, lines, figures, have, [Symbol.asyncDispose]: close };
}

Deno.test("the log has one line for each request, with the bytes of its body", async () => {
  await withMirrors([{}], async ([url]) => {
    await using proxy = logged();
    const { get, figures, lines, have } = proxy;
    const lengths: number[] = [];
    for (const path of ["/healthz", "/", "/metrics", "/nothing", `/proxy?host=${url}`]) {
      lengths.push((await (await get(path)).bytes()).length);
    }
    await have(5);
    assertEquals(lines.map(({ bytes }) => bytes), lengths);
    assertEquals(lengths[4], FILE.size);
    await (await get("/healthz", { method: "HEAD" })).body?.cancel();
    await (await get(`/proxy?host=${url}`, { method: "HEAD" })).body?.cancel();
    assertEquals(figures().slice(3), [
      [404, lengths[3], "failed"],
      [200, FILE.size, "complete"],
      [200, 0, "complete"],
      [200, 0, "complete"],
    ]);
  });
});

Deno.test("the log has a line for an empty file", async () => {
  await withMirrors([{ content: randomContent(0, 1) }], async ([url]) => {
    await using proxy = logged();
    const { get, figures, have } = proxy;
    await (await get(`/proxy?host=${url}`)).bytes();
    await have(1);
    assertEquals(figures(), [[200, 0, "complete"]]);
  });
});

Deno.test("the log has a line for a stream when it ends", async () => {
  await withMirrors([{}], async ([url]) => {
    await using proxy = logged();
    const { get, figures, lines, have } = proxy;
    const reader = (await get(`/live?host=${url}`)).body!.getReader();
    const { value } = await reader.read();
    assertEquals(lines, []);
    await reader.cancel();
    await have(1);
    assertEquals(figures(), [[200, value!.length, "complete"]]);
    const left = (await get(`/proxy?host=${url}`)).body!.getReader();
    const { value: first } = await left.read();
    assertEquals(lines.length, 1);
    await left.cancel();
    await have(2);
    assertEquals(figures()[1], [200, first!.length, "cancelled"]);
  });
});

Deno.test("internal errors are reported to the operator, not to the client", async () => {
  const told: unknown[] = [];
  await using proxy = logged({
    onError: (error) => told.push(error),
    // An invalid option of the downloads.
    download: { maxRate: "the inner detail" as never },
  });
  const { get, figures } = proxy;
  const response = await get("/proxy?host=http://127.0.0.1:9/f");
  assertEquals(response.status, 500);
  assertEquals((await response.text()).includes("inner detail"), false);
  assertEquals(told.length, 1);
  assertEquals(figures()[0]![0], 500);
});
