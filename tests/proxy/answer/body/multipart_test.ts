import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ByteRange } from "../../../../lib/http/byte_range.ts";
import { multipartBody } from "../../../../lib/proxy/answer/body/multipart.ts";
import { mulberry32 } from "../../../support/random.ts";

const FILE = new TextEncoder().encode("0123456789abcdefghijklmnopqrstuvwxyz");
const OPTIONS = { contentType: "text/plain", size: FILE.byteLength, boundary: "XX" };

function range(start: number, end: number): ByteRange {
  return { start, end };
}

function slice({ start, end }: ByteRange): ReadableStream<Uint8Array> {
  return ReadableStream.from([FILE.subarray(start, end)]);
}

/** A part whose chunks the test supplies, and which records why it was cancelled. */
class Part {
  readonly stream: ReadableStream<Uint8Array>;
  /** Resolves when a read is pending. */
  readonly wanted: Promise<void>;
  controller!: ReadableStreamDefaultController<Uint8Array>;
  cancelled: unknown;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.wanted = promise;
    this.stream = new ReadableStream({
      start: (controller) => {
        this.controller = controller;
      },
      pull: () => resolve(),
      cancel: (reason) => {
        this.cancelled = reason ?? "no reason";
      },
    }, { highWaterMark: 0 });
  }

  give(text: string): void {
    this.controller.enqueue(new TextEncoder().encode(text));
  }
}

Deno.test("multipartBody() writes parts as RFC 9110 shows them", async () => {
  const { length, stream } = multipartBody([range(2, 5), range(30, 36)], OPTIONS, slice);
  const text = await new Response(stream).text();
  assertEquals(
    text,
    "--XX\r\nContent-Type: text/plain\r\nContent-Range: bytes 2-4/36\r\n\r\n234\r\n" +
      "--XX\r\nContent-Type: text/plain\r\nContent-Range: bytes 30-35/36\r\n\r\nuvwxyz\r\n" +
      "--XX--\r\n",
  );
  assertEquals(length, text.length);
});

Deno.test("multipartBody() omits an unknown type, and counts bytes, not characters", async () => {
  const untyped = multipartBody([range(0, 1)], { ...OPTIONS, contentType: undefined }, slice);
  const text = await new Response(untyped.stream).text();
  assertEquals(text, "--XX\r\nContent-Range: bytes 0-0/36\r\n\r\n0\r\n--XX--\r\n");
  assertEquals(untyped.length, text.length);
  const contentType = 'text/plain; x="\u00e9"';
  const typed = multipartBody([range(0, 1)], { ...OPTIONS, contentType }, slice);
  assertEquals((await new Response(typed.stream).bytes()).byteLength, typed.length);
});

/** Parses a multipart body strictly by RFC 2046. */
function parse(body: Uint8Array, boundary: string): { range: string; bytes: Uint8Array }[] {
  const text = body.reduce((text, byte) => text + String.fromCharCode(byte), "");
  const pieces = `\r\n${text}`.split(`\r\n--${boundary}`);
  assertEquals([pieces.shift(), pieces.pop()], ["", "--\r\n"]);
  return pieces.map((piece) => {
    const [head, ...rest] = piece.split("\r\n\r\n");
    const bytes = Uint8Array.from(rest.join("\r\n\r\n"), (letter) => letter.charCodeAt(0));
    return { range: /Content-Range: (.*)/.exec(head!)![1]!, bytes };
  });
}

Deno.test("multipartBody() delivers any ranges in any chunks, at the announced length", async () => {
  const random = mulberry32(7);
  const whole = (below: number) => Math.floor(random() * below);
  for (let round = 0; round < 100; round++) {
    const size = 1 + whole(2000);
    const file = Uint8Array.from({ length: size }, () => whole(256));
    const ranges = Array.from({ length: 1 + whole(16) }, () => {
      const start = whole(size);
      return range(start, start + 1 + whole(size - start));
    });
    const boundary = crypto.randomUUID();
    const { length, stream } = multipartBody(
      ranges,
      { contentType: "video/mp4", size, boundary },
      ({ start, end }) => {
        const chunks: Uint8Array[] = [];
        for (let from = start; from < end;) {
          const to = Math.min(end, from + whole(200));
          chunks.push(file.subarray(from, to));
          from = to;
        }
        return ReadableStream.from(chunks);
      },
    );
    const body = await new Response(stream).bytes();
    assertEquals(body.byteLength, length);
    assertEquals(
      parse(body, boundary),
      ranges.map(({ start, end }) => ({
        range: `bytes ${start}-${end - 1}/${size}`,
        bytes: file.slice(start, end),
      })),
    );
  }
});

Deno.test("multipartBody() opens a part only when the reader gets to it", async () => {
  const parts = [new Part(), new Part()];
  const waiting = [...parts];
  const { stream } = multipartBody([range(0, 2), range(5, 6)], OPTIONS, () => {
    return waiting.shift()!.stream;
  });
  // By then, a stream has done everything it does without a read.
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(waiting.length, 2);
  const reader = stream.getReader();
  const next = async () => new TextDecoder().decode((await reader.read()).value);
  assert((await next()).startsWith("--XX"));
  assertEquals(waiting.length, 2);
  const first = next();
  await parts[0]!.wanted;
  assertEquals(waiting.length, 1);
  parts[0]!.give("");
  parts[0]!.give("0");
  assertEquals(await first, "0");
  parts[0]!.give("1");
  assertEquals(await next(), "1");
  const head = next();
  parts[0]!.controller.close();
  assert((await head).startsWith("\r\n--XX\r\n"));
  assertEquals(waiting.length, 1);
  const last = next();
  await parts[1]!.wanted;
  parts[1]!.give("5");
  parts[1]!.controller.close();
  assertEquals([await last, await next(), await next()], ["5", "\r\n--XX--\r\n", ""]);
  assertEquals((await reader.read()).done, true);
});

Deno.test("multipartBody(): cancelling cancels the open part, even during a read", async () => {
  for (const pending of [false, true]) {
    const part = new Part();
    let opened = 0;
    const { stream } = multipartBody([range(0, 2), range(5, 6)], OPTIONS, () => {
      opened++;
      return part.stream;
    });
    const reader = stream.getReader();
    await reader.read();
    const read = reader.read();
    await part.wanted;
    if (!pending) {
      part.give("0");
      await read;
    }
    await reader.cancel("left");
    assertEquals(part.cancelled, "left");
    assertEquals((await (pending ? read : reader.read())).done, true);
    assertEquals(opened, 1);
  }
});

Deno.test("multipartBody(): cancelling while a part ends opens no other", async () => {
  const part = new Part();
  let opened = 0;
  const { stream } = multipartBody([range(0, 1), range(5, 6)], OPTIONS, () => {
    opened++;
    return part.stream;
  });
  const reader = stream.getReader();
  await reader.read();
  part.give("0");
  await reader.read();
  const read = reader.read();
  part.controller.close();
  await reader.cancel();
  assertEquals((await read).done, true);
  assertEquals(opened, 1);
});

Deno.test("multipartBody(): cancelling before the first read opens nothing", async () => {
  const { stream } = multipartBody([range(0, 2)], OPTIONS, () => {
    throw new Error("opened");
  });
  await stream.cancel();
});

Deno.test("multipartBody() errors when a part fails", async () => {
  const failure = new TypeError("all mirrors are gone");
  const part = new Part();
  part.give("0");
  const failing = multipartBody([range(0, 2), range(5, 6)], OPTIONS, () => part.stream);
  const reader = failing.stream.getReader();
  await reader.read();
  await reader.read();
  part.controller.error(failure);
  const error = await assertRejects(() => reader.read(), TypeError);
  assertEquals(error, failure);
  const unopened = multipartBody([range(0, 2)], OPTIONS, () => {
    throw failure;
  });
  await assertRejects(() => new Response(unopened.stream).text(), TypeError, failure.message);
});

Deno.test("multipartBody() errors when a part has too few or too many bytes", async () => {
  const short = multipartBody([range(0, 9), range(9, 10)], OPTIONS, () => slice(range(0, 8)));
  await assertRejects(
    () => new Response(short.stream).text(),
    Error,
    "the part of bytes 0-8 ended 1 bytes early",
  );
  const part = new Part();
  part.give("012");
  const long = multipartBody([range(0, 2)], OPTIONS, () => part.stream);
  await assertRejects(
    () => new Response(long.stream).text(),
    Error,
    "the part of bytes 0-1 has too many bytes",
  );
  assertEquals(part.cancelled, "no reason");
});

Deno.test("multipartBody(): a part that opens during cancellation is cancelled", async () => {
  const part = new Part();
  const opening = Promise.withResolvers<ReadableStream<Uint8Array>>();
  const told: string[] = [];
  let given: AbortSignal | undefined;
  const options = { ...OPTIONS, onBreak: (outcome: string) => void told.push(outcome) };
  const { stream } = multipartBody([range(0, 2)], options, (_range, signal) => {
    given = signal;
    return opening.promise;
  });
  const reader = stream.getReader();
  await reader.read();
  const read = reader.read();
  while (given === undefined) await new Promise((resolve) => setTimeout(resolve));
  await reader.cancel("left");
  assertEquals([given!.aborted, given!.reason, told], [true, "left", ["cancelled"]]);
  opening.resolve(part.stream);
  assertEquals((await read).done, true);
  while (part.cancelled === undefined) await new Promise((resolve) => setTimeout(resolve));
  assertEquals(part.cancelled, "left");
});

Deno.test("multipartBody() reports that it broke off, with a part that was already open", async () => {
  const told: string[] = [];
  const options = { ...OPTIONS, onBreak: (outcome: string) => void told.push(outcome) };
  const unread = new Part();
  const left = multipartBody([range(0, 2)], { ...options, first: unread.stream }, slice);
  await left.stream.cancel("left");
  assertEquals([unread.cancelled, told], ["left", ["cancelled"]]);
  const first = slice(range(0, 2));
  const failing = multipartBody([range(0, 2), range(5, 6)], { ...options, first }, () => {
    throw new TypeError("all mirrors are gone");
  });
  await assertRejects(() => new Response(failing.stream).text(), TypeError, "are gone");
  assertEquals(told, ["cancelled", "failed"]);
});
