import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { createHandler } from "../../server.ts";
import { deferred } from "../../lib/stand_ins.ts";
import { sharedClient } from "../../lib/transport/connections/shared_client.ts";

const PROXIED = "http://127.0.0.1/proxy?url=http%3A%2F%2F127.0.0.1%2Ffile.bin";

/** A file of which each answer has the first bytes only. */
function unfinished(): Response {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(100_000)),
  });
  const headers = { "content-range": "bytes 0-299999/300000", "content-length": "300000" };
  return new Response(body, { status: 206, headers });
}

/** Reports whether a promise has settled once everything else that could go on has done so. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = () => settled = true;
  promise.then(note, note);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve));
  return settled;
}

Deno.test("a handler is closed once its requests have a response, or their clients have gone", async () => {
  const asked = deferred();
  const fetch = (_: unknown, { signal }: RequestInit = {}) => {
    asked.resolve();
    const { promise, reject } = deferred<Response>();
    signal!.addEventListener("abort", () => reject(signal!.reason));
    return promise;
  };
  const handler = createHandler({ allowPrivate: true, download: { fetch: fetch as never } });
  const client = new AbortController();
  const response = handler(new Request(PROXIED, { signal: client.signal }));
  await asked.promise;
  const closed = handler[Symbol.asyncDispose]();
  assertEquals(await isSettled(closed), false);
  client.abort();
  await closed;
  assertEquals((await response).status, 499);
});

Deno.test("a handler is closed once its downloads have ended", async () => {
  const fetch = () => Promise.resolve(unfinished());
  const handler = createHandler({ allowPrivate: true, download: { fetch: fetch as never } });
  const { status, body } = await handler(new Request(PROXIED));
  assertEquals(status, 200);
  const closed = handler[Symbol.asyncDispose]();
  assertEquals(await isSettled(closed), false);
  await body!.cancel();
  await closed;
});

Deno.test("a handler keeps connections between downloads until it is closed", async () => {
  const clientNow = () => {
    using _download = sharedClient.hold();
    return sharedClient.client;
  };
  const handler = createHandler();
  const client = clientNow();
  assertStrictEquals(clientNow(), client);
  await handler[Symbol.asyncDispose]();
  assertNotStrictEquals(clientNow(), client);
});
