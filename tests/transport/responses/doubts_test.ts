import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { MirrorError } from "../../../lib/errors.ts";
import { FILE, part, readAll, SIZE, withScript } from "../scripted_file.ts";
import type { Request, Script } from "../scripted_server.ts";

Deno.test("settleDoubt(): a total that is the end of the range is replaced by the file's size", async () => {
  const lie = (request: Request) =>
    part(
      request,
      ({ range, length }) => ({
        range: range.replace(/(\d+)\/.*/, (_, last) => `${last}/${+last + 1}`),
        length,
      }),
    );
  await withScript(lie, async (ask, { requests }) => {
    const reply = await ask(0, 12288);
    assertEquals(reply.answer, { type: "partial", start: 0, end: 12288, size: SIZE });
    assertEquals(await readAll(reply), FILE.slice(0, 12288));
    assertEquals(requests.map(({ headers }) => headers.range), [
      "bytes=0-12287",
      "bytes=12288-12288",
      undefined,
    ]);
    // It was found out once.
    const later = await ask(12288, 20000, { size: SIZE });
    assertEquals(later.answer, { type: "partial", start: 12288, end: 20000, size: SIZE });
    assertEquals(await readAll(later), FILE.slice(12288, 20000));
    assertEquals(requests.length, 4);
    const error = await assertRejects(() => ask(0, 10, { size: SIZE + 1 }), MirrorError);
    assertEquals(error.reason, "changed");
  });
});

Deno.test("settleDoubt(): a file that ends where the first range ends is believed", async () => {
  await withScript((request) => part(request, (fields) => fields), async (ask, server) => {
    const reply = await ask(SIZE - 100, SIZE);
    const { answer } = reply;
    assertEquals(answer, { type: "partial", start: SIZE - 100, end: SIZE, size: SIZE });
    assertEquals(await readAll(reply), FILE.slice(SIZE - 100));
    assertEquals(server.requests.length, 2);
    // The first body had been read: one connection sufficed.
    assertEquals(server.connections, 1);
    await readAll(await ask(SIZE - 100, SIZE, { size: SIZE }));
    assertEquals(server.requests.length, 3);
  });
});

Deno.test("settleDoubt(): a total that the bytes refute is replaced", async () => {
  for (const total of [0, 1, 5000, 12287]) {
    const lie = (request: Request) =>
      part(request, ({ range, length }) => ({ range: range.replace(/\/.*/, `/${total}`), length }));
    await withScript(lie, async (ask) => {
      const reply = await ask(0, 12288);
      assertEquals(reply.answer, { type: "partial", start: 0, end: 12288, size: SIZE });
      assertEquals(await readAll(reply), FILE.slice(0, 12288));
    });
  }
});

/** What a server with a total of one byte too many says behind the end, and to a plain request. */
const TOO_MANY: [name: string, unsatisfied: string[], plain: Partial<Script>, size: number][] = [
  ["the size", [`Content-Range: bytes */${SIZE}`], { status: 403 }, SIZE],
  ["the same again", [`Content-Range: bytes */${SIZE + 1}`], {}, SIZE],
  ["nothing", [], {}, SIZE],
  // It may be a limit.
  ["nothing", [], { status: 403 }, SIZE + 1],
  ["another size", [`Content-Range: bytes */${SIZE - 1}`], { status: 403 }, SIZE + 1],
];

for (const [name, unsatisfied, plain, size] of TOO_MANY) {
  const status = plain.status ?? 200;
  Deno.test(`settleDoubt(): one byte too many; behind the end: ${name}; plain: ${status}`, async () => {
    const lie = (request: Request): Script => {
      if (request.range === undefined && status !== 200) {
        return { status, fields: ["Content-Length: 0"] };
      }
      if (request.range !== undefined && request.range.start >= SIZE) {
        return { status: 416, fields: [...unsatisfied, "Content-Length: 0"] };
      }
      return part(request, ({ range, length }) => ({
        range: range.replace(/\/.*/, `/${SIZE + 1}`),
        length,
      }));
    };
    for (const [start, end, form] of [[0, undefined, "open"], [SIZE - 9, SIZE + 1]] as const) {
      await withScript(lie, async (ask, { requests }) => {
        const reply = await ask(start, end, { form });
        assertEquals(reply.answer, { type: "partial", start, end: SIZE, size });
        assertEquals(await readAll(reply), FILE.slice(start));
        assertEquals(requests[1]!.headers.range, `bytes=${SIZE}-`);
        // It was found out once.
        const before = requests.length;
        await readAll(await ask(10, 20, { size }));
        assertEquals(requests.length, before + 1);
      });
    }
  });
}

/** Totals, whether a plain request and a 416 tell the truth, the size, and the ranges that are requested. */
const MEASURED: [total: number, plain: boolean, size: number | undefined, asked: number][] = [
  [SIZE, true, SIZE, 2],
  // The 416 tells.
  [SIZE + 1, true, SIZE, 2],
  [SIZE + 1, false, SIZE, 2],
  [2 * SIZE, true, SIZE, 2],
  [SIZE - 1, true, SIZE, 3],
  [SIZE / 2, true, SIZE, 3],
  [SIZE - 1, false, undefined, 3],
];

for (const [total, plain, size, asked] of MEASURED) {
  const tells = plain ? "tells" : "does not tell";
  Deno.test(`settleDoubt(): a total of ${total} is measured, where a plain request ${tells}`, async () => {
    const lie = (request: Request): Script => {
      if (!plain && request.range === undefined) {
        return { status: 403, fields: ["Content-Length: 0"] };
      }
      return part(request, ({ range, length }) => ({
        range: range.replace(/\/.*/, `/${total}`),
        length,
      }));
    };
    await withScript(lie, async (ask, { requests }) => {
      const reply = await ask(0, 12288, { measures: true });
      assertEquals(reply.answer, { type: "partial", start: 0, end: 12288, size });
      assertEquals(await readAll(reply), FILE.slice(0, 12288));
      assertEquals(requests.length, asked);
      assertEquals(requests[1]!.headers.range, `bytes=${total - 1}-${total}`);
    });
  });
}

Deno.test("settleDoubt(): a size is measured by what is certain only", async () => {
  type Answer = (request: Request) => Script | undefined;
  const at = (request: Request) => request.range?.start === SIZE - 1;
  const table: [name: string, answer: Answer][] = [
    ["refused", (request) => at(request) ? { status: 503, fields: [] } : undefined],
    ["unavailable", (request) => at(request) ? { status: 416, fields: [] } : undefined],
    [
      "ignored",
      (request) =>
        at(request) ? { status: 200, fields: [`Content-Length: ${SIZE}`], body: FILE } : undefined,
    ],
    ["two bytes are said, one comes", (request) =>
      at(request)
        ? {
          status: 206,
          fields: [`Content-Range: bytes ${SIZE - 1}-${SIZE}/${SIZE}`],
          body: FILE.slice(-1),
          close: true,
        }
        : undefined],
  ];
  for (const [name, answer] of table) {
    const script = (request: Request) => answer(request) ?? part(request, (fields) => fields);
    await withScript(script, async (ask) => {
      const reply = await ask(0, 12288, { measures: true });
      assertEquals(reply.answer, { type: "partial", start: 0, end: 12288, size: SIZE }, name);
      assertEquals(await readAll(reply), FILE.slice(0, 12288));
    });
  }
});

Deno.test("settleDoubt(): a mirror that sends less at once is asked once whether there is more", async () => {
  const capped = (request: Request) => {
    const { start, end } = request.range!;
    const range = { start, end: Math.min(end, start + 10_000) };
    return part({ ...request, range }, (fields) => fields);
  };
  await withScript(capped, async (ask, { requests }) => {
    const first = await ask(0, undefined, { form: "open" });
    assertEquals(first.answer, { type: "partial", start: 0, end: 10_000, size: SIZE });
    assertEquals(await readAll(first), FILE.slice(0, 10_000));
    assertEquals(requests.length, 2);
    const second = await ask(10_000, undefined, { form: "open", size: SIZE });
    assertEquals(await readAll(second), FILE.slice(10_000, 20_000));
    assertEquals(requests.length, 3);
  });
});

/** A server whose parts have a total of one byte too many. */
const oneMore = (request: Request) =>
  part(request, ({ range, length }) => ({ range: range.replace(/\/.*/, `/${SIZE + 1}`), length }));

Deno.test("settleDoubt(): a believed total that the last part contradicts is no change", async () => {
  const changed = { reason: "mismatch", phase: "headers" } as const;
  for (const start of [10_000, SIZE]) {
    await withScript(oneMore, async (ask) => {
      const first = await ask(0, 10_000);
      assertEquals(first.answer, { type: "partial", start: 0, end: 10_000, size: SIZE + 1 });
      await readAll(first);
      const wanted = { size: SIZE + 1 };
      const error = await assertRejects(() => ask(start, SIZE + 1, wanted), MirrorError);
      assertEquals({ reason: error.reason, phase: error.phase }, changed);
      assertStringIncludes(error.message, `has ${SIZE + 1} bytes, but has none from byte ${SIZE}`);
      // From now on, it is known.
      const later = await ask(10_000, 20_000, { size: SIZE });
      assertEquals(later.answer, { type: "partial", start: 10_000, end: 20_000, size: SIZE });
      await readAll(later);
    });
  }
});

Deno.test("settleRefusal(): a file that became shorter has changed", async () => {
  let isShorter = false;
  const answer = (request: Request) =>
    isShorter ? part(request, (fields) => fields) : oneMore(request);
  await withScript(answer, async (ask) => {
    await readAll(await ask(0, 10_000));
    isShorter = true;
    const error = await assertRejects(() => ask(SIZE, SIZE + 1, { size: SIZE + 1 }), MirrorError);
    assertEquals(error.reason, "changed");
  });
});

Deno.test("settleDoubt(): a size that the mirror does not tell stays unknown", async () => {
  const lie = (request: Request): Script => {
    if (request.range === undefined) return { status: 403, fields: ["Content-Length: 0"] };
    return part(request, ({ range, length }) => ({ range: range.replace(/\/.*/, "/10"), length }));
  };
  await withScript(lie, async (ask) => {
    const reply = await ask(0, 12288);
    assertEquals(reply.answer, { type: "partial", start: 0, end: 12288, size: undefined });
    assertEquals(await readAll(reply), FILE.slice(0, 12288));
  });
});

Deno.test("settleDoubt(): parts with the length of the whole file are used without waiting", async () => {
  const long = (request: Request) => part(request, ({ range }) => ({ range, length: `${SIZE}` }));
  await withScript(long, async (ask, { requests }) => {
    for (const [start, end] of [[0, 12288], [20000, 30000], [30000, 40000]] as const) {
      const reply = await ask(start, end);
      assertEquals(reply.answer, { type: "partial", start, end, size: SIZE });
      assertEquals(await readAll(reply), FILE.slice(start, end));
    }
    // One more, for the first part that does not begin at byte 0.
    assertEquals(requests.length, 4);
  });
});

Deno.test("settleDoubt(): the whole file with the headers of a part is not used as one", async () => {
  const wrong = (request: Request): Script => ({
    ...part(request, ({ range }) => ({ range, length: `${SIZE}` })),
    body: FILE,
  });
  await withScript(wrong, async (ask) => {
    const first = await ask(0, 12288);
    assertEquals(await readAll(first), FILE.slice(0, 12288));
    const error = await assertRejects(() => ask(20000, 30000), MirrorError);
    assertEquals(error.reason, "range");
    assertEquals(await readAll(await ask(0, undefined)), FILE);
  });
});

Deno.test("settleDoubt(): a part without Content-Range is not taken for the whole file", async () => {
  const bare = ({ range }: Request): Script => {
    const body = range === undefined ? FILE : FILE.slice(range.start, range.end);
    return { status: 200, fields: [`Content-Length: ${body.length}`], body };
  };
  await withScript(bare, async (ask) => {
    for (const [start, form] of [[0, "bounded"], [100, "bounded"], [100, "open"]] as const) {
      const error = await assertRejects(() => ask(start, start + 1000, { form }), MirrorError);
      assertEquals(error.reason, "range");
    }
    assertEquals(await readAll(await ask(0, 1000, { form: "open" })), FILE);
  });
});

Deno.test("settleDoubt(): a file that happens to be as long as the range is the file", async () => {
  const ignoring = (): Script => ({ status: 200, fields: [`Content-Length: ${SIZE}`], body: FILE });
  await withScript(ignoring, async (ask, { requests }) => {
    for (const start of [0, 100, 200]) {
      const reply = await ask(start, SIZE + start);
      assertEquals(reply.answer, { type: "whole", size: SIZE });
      assertEquals(await readAll(reply), FILE);
    }
    // It was asked once.
    assertEquals(requests.length, 4);
  });
});
