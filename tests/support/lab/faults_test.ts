import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type Fault, FaultPlan, type WrongRange } from "./faults.ts";
import {
  content,
  endOfConnection,
  readAll,
  readThenWait,
  sameBytes,
  SIZE,
  until,
  withMirror,
} from "./client.ts";
import { startMirror } from "./mirror_lab.ts";

Deno.test("FaultPlan: from and count select the affected requests", () => {
  const kinds = (faults: Fault[]) => {
    const plan = new FaultPlan(faults);
    return [0, 1, 2, 3].map((index) => plan.strike(index)?.kind ?? "none");
  };
  const refuse = { kind: "refuse" } as const;
  const compress = { kind: "compress" } as const;
  const table: [Fault[], string[]][] = [
    [[], ["none", "none", "none", "none"]],
    [[refuse], ["refuse", "refuse", "refuse", "refuse"]],
    [[{ ...refuse, from: 2 }], ["none", "none", "refuse", "refuse"]],
    [[{ ...refuse, from: 1, count: 2 }], ["none", "refuse", "refuse", "none"]],
    [[{ ...refuse, count: 1 }, { ...compress, count: 2 }], [
      "refuse",
      "compress",
      "compress",
      "none",
    ]],
  ];
  for (const [faults, expected] of table) assertEquals(kinds(faults), expected);
});

Deno.test("FaultPlan.strike() of one kind leaves the others alone", () => {
  const plan = new FaultPlan([{ kind: "compress", count: 1 }, { kind: "refuse", count: 1 }]);
  assertEquals(plan.strike(0, "refuse"), undefined);
  assertEquals(plan.strike(0)?.kind, "compress");
  assertEquals(plan.strike(1, "refuse")?.kind, "refuse");
  assertEquals(plan.strike(1), undefined);
});

Deno.test("fault reset: the connection is reset in the body", () =>
  withMirror({ faults: [{ kind: "reset", afterBytes: 5000, count: 2 }] }, async (mirror, ask) => {
    const { bytes, error } = await readAll(await ask("bytes=0-99999"));
    assert(bytes.length <= 5000);
    assert(error !== undefined);
    assertEquals(await endOfConnection(mirror), "reset");
    assertEquals([mirror.requests[0]?.bytesSent, mirror.requests[0]?.ended], [5000, "fault"]);
    sameBytes((await readAll(await ask("bytes=5000-5999"))).bytes, 5000, 6000);
    assertEquals(mirror.connectionsAccepted, 3);
  }));

Deno.test("fault truncate: an orderly close before Content-Length", () =>
  withMirror({ faults: [{ kind: "truncate", afterBytes: 5000 }] }, async (mirror, ask) => {
    const { bytes, error } = await readAll(await ask("bytes=0-99999"));
    sameBytes(bytes, 0, 5000);
    assert(error !== undefined);
    assertEquals(await endOfConnection(mirror), "end");
    assertEquals(mirror.requests[0]?.ended, "fault");
  }));

Deno.test("fault stall: silence after some bytes on an open connection", async () => {
  for (const afterBytes of [0, 5000]) {
    await withMirror({ faults: [{ kind: "stall", afterBytes }] }, async (mirror, ask) => {
      assertEquals(await readThenWait(await ask("bytes=0-99999"), afterBytes, 30), "silence");
      assertEquals(mirror.requests[0]?.bytesSent, afterBytes);
    });
  }
});

Deno.test("fault stall before headers, and close() in the middle of it", async () => {
  const mirror = await startMirror({ content, faults: [{ kind: "stall", beforeHeaders: true }] });
  using client = Deno.createHttpClient({});
  const response = fetch(mirror.url, { client });
  await until(() => mirror.requests[0]);
  const { promise, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(resolve, 30, "silence");
  assertEquals(await Promise.race([promise, response.then(() => "answer")]), "silence");
  clearTimeout(timer);
  assertEquals(mirror.openConnections, 1);
  await mirror.close();
  await assertRejects(() => response);
});

Deno.test("fault status: any status, with Retry-After and body, for `count` requests", () =>
  withMirror({
    faults: [{ kind: "status", status: 503, retryAfter: "2", body: "busy", from: 1, count: 2 }],
  }, async (_mirror, ask) => {
    const seen = [];
    for (let i = 0; i < 4; i++) {
      const response = await ask("bytes=0-3");
      const text = response.status === 206
        ? (await response.bytes()).length
        : await response.text();
      seen.push([response.status, response.headers.get("retry-after"), text]);
    }
    assertEquals(seen, [[206, null, 4], [503, "2", "busy"], [503, "2", "busy"], [206, null, 4]]);
  }));

Deno.test("fault wrong-range: every variant", async () => {
  const table: [WrongRange, string | null][] = [
    ["missing", null],
    ["shifted", `bytes 101-200/${SIZE}`],
    ["unit", `items 100-199/${SIZE}`],
    ["total", `bytes 100-199/${SIZE + 1}`],
    ["inverted", `bytes 200-100/${SIZE}`],
    ["multipart", null],
  ];
  for (const [variant, contentRange] of table) {
    await withMirror({ faults: [{ kind: "wrong-range", variant }] }, async (_mirror, ask) => {
      const response = await ask("bytes=100-199");
      assertEquals(response.status, 206);
      assertEquals(response.headers.get("content-range"), contentRange, variant);
      const { bytes, error } = await readAll(response);
      assertEquals(error, undefined);
      if (variant === "multipart") {
        assertMatch(
          response.headers.get("content-type") ?? "",
          /^multipart\/byteranges; boundary=/,
        );
        assertMatch(new TextDecoder("latin1").decode(bytes), /\r\nContent-Range: bytes 100-199\//);
      } else {
        sameBytes(bytes, variant === "shifted" ? 101 : 100, variant === "shifted" ? 201 : 200);
      }
    });
  }
});

Deno.test("faults of the body: ignore-range, longer, shorter", async () => {
  const served = async (fault: Fault, range: string) => {
    await using mirror = await startMirror({ content, faults: [fault] });
    using client = Deno.createHttpClient({});
    const response = await fetch(mirror.url, { client, headers: { range } });
    const { bytes, error } = await readAll(response);
    assertEquals(error, undefined);
    assertEquals(response.headers.get("content-length"), String(bytes.length));
    return { status: response.status, contentRange: response.headers.get("content-range"), bytes };
  };
  const whole = await served({ kind: "ignore-range" }, "bytes=5-9");
  assertEquals([whole.status, whole.bytes.length], [200, SIZE]);
  const longer = await served({ kind: "longer", extraBytes: 3 }, "bytes=5-9");
  assertEquals(longer.contentRange, `bytes 5-9/${SIZE}`);
  sameBytes(longer.bytes, 5, 13);
  const shorter = await served({ kind: "shorter", bytes: 2 }, "bytes=5-9");
  assertEquals(shorter.contentRange, `bytes 5-6/${SIZE}`);
  sameBytes(shorter.bytes, 5, 7);
});

Deno.test("fault compress: gzip although the client does not accept it", () =>
  withMirror({ faults: [{ kind: "compress" }] }, async (_mirror, ask) => {
    const response = await ask("bytes=100-1099");
    assertEquals([response.status, response.headers.get("content-encoding")], [206, "gzip"]);
    // The client passes an encoding through that it did not ask for.
    const stream = response.body?.pipeThrough(new DecompressionStream("gzip"));
    sameBytes(await new Response(stream).bytes(), 100, 1100);
  }));

Deno.test("fault slow-headers and roundTripMs delay the first byte", () =>
  withMirror(
    { roundTripMs: 4, faults: [{ kind: "slow-headers", delayMs: 20, from: 1 }] },
    async (_mirror, ask) => {
      for (const leastMs of [8, 24]) {
        const startedAt = performance.now();
        const response = await ask("bytes=0-9");
        assert(performance.now() - startedAt >= leastMs);
        await response.bytes();
      }
    },
  ));

Deno.test("fault refuse: the connection is closed without a response", () =>
  withMirror({ faults: [{ kind: "refuse", count: 1 }] }, async (mirror, ask) => {
    await assertRejects(() => ask());
    assertEquals([mirror.requests.length, mirror.connectionsAccepted], [0, 1]);
    sameBytes((await readAll(await ask("bytes=0-9"))).bytes, 0, 10);
    mirror.setFaults([{ kind: "refuse" }]);
    await assertRejects(() => ask("bytes=0-9"));
    assertEquals(mirror.requests[1]?.ended, "fault");
  }));
