import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { watchBody } from "../../../lib/transport/connections/watched_body.ts";

type Controller = ReadableByteStreamController | ReadableStreamDefaultController<Uint8Array>;

/** A response with a body of these parts, and how often it was said to have ended. */
function watched(parts: readonly number[][], { fails = false, bytes = true } = {}) {
  const left = [...parts];
  let cancelled: unknown;
  const source = {
    pull(controller: Controller) {
      const part = left.shift();
      if (part !== undefined) controller.enqueue(new Uint8Array(part));
      else if (fails) controller.error(new Error("broken"));
      else {
        controller.close();
        if ("byobRequest" in controller) controller.byobRequest?.respond(0);
      }
    },
    cancel: (reason: unknown) => void (cancelled = reason),
  };
  const body = bytes
    ? new ReadableStream({ type: "bytes", ...source })
    : new ReadableStream(source);
  const headers = [["set-cookie", "a=1"], ["set-cookie", "b=2"]] as [string, string][];
  let ends = 0;
  const response = watchBody(new Response(body, { status: 206, headers }), () => ends++);
  return { response, ends: () => ends, cancelled: () => cancelled };
}

for (const bytes of [true, false]) {
  const kind = bytes ? "a byte stream" : "another stream";
  Deno.test(`watchBody(): status, headers and content are those of the response: ${kind}`, async () => {
    const { response, ends } = watched([[1, 2], [3], [4, 5, 6]], { bytes });
    assertEquals(response.status, 206);
    assertEquals(response.headers.getSetCookie(), ["a=1", "b=2"]);
    assertEquals(ends(), 0);
    assertEquals([...await response.bytes()], [1, 2, 3, 4, 5, 6]);
    assertEquals(ends(), 1);
  });

  Deno.test(`watchBody(): a body that is cancelled or fails has ended: ${kind}`, async () => {
    const left = watched([[1]], { bytes });
    await left.response.body!.cancel("why");
    assertEquals([left.ends(), left.cancelled()], [1, "why"]);
    const failed = watched([[1]], { fails: true, bytes });
    await assertRejects(() => failed.response.bytes(), Error, "broken");
    assertEquals(failed.ends(), 1);
  });
}

Deno.test("watchBody(): bytes are read into the reader's buffers", async () => {
  const { response, ends } = watched([[1, 2], [3], [4, 5, 6]]);
  const reader = response.body!.getReader({ mode: "byob" });
  const first = await reader.read(new Uint8Array(8), { min: 3 });
  assertEquals([first.done, [...first.value!]], [false, [1, 2, 3]]);
  const rest = await reader.read(new Uint8Array(8), { min: 8 });
  assertEquals([...rest.value!], [4, 5, 6]);
  const { done } = await reader.read(new Uint8Array(8));
  assertEquals([done, ends()], [true, 1]);
});

Deno.test("watchBody(): a response without a body has ended at once", () => {
  let ends = 0;
  const response = new Response(null, { status: 204 });
  assertStrictEquals(watchBody(response, () => ends++), response);
  assertEquals(ends, 1);
});
