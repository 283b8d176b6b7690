import { assert, assertEquals } from "@std/assert";
import {
  checkResponse,
  type RequestedRange,
  toTheEnd,
} from "../../../lib/http/response/response_check.ts";

const HUGE = "123456789012345678901234567890";

const REQUESTED: RequestedRange = { start: 100, end: 200, size: undefined };

function checkHeaders(
  requested: Partial<RequestedRange>,
  status: number,
  headers: Record<string, string> = {},
) {
  return checkResponse({ ...REQUESTED, ...requested }, status, new Headers(headers));
}

/** The answer that a check finds; of a refusal, its reason. */
function check(
  status: number,
  headers: Record<string, string> = {},
  requested: Partial<RequestedRange> = {},
): unknown {
  const outcome = checkHeaders(requested, status, headers);
  return outcome.type === "refused" ? outcome.reason : outcome.answer;
}

/** A usable check in short: the answer, how its body is read, and what is open. */
function details(status: number, headers: Record<string, string>, requested = {}) {
  const outcome = checkHeaders(requested, status, headers);
  if (outcome.type === "refused") throw new Error(outcome.message);
  const { answer, body: { skip, length, rest }, doubt } = outcome;
  return [answer, [skip, length, rest], doubt?.type] as const;
}

Deno.test("checkResponse() accepts a 206 with the requested bytes, or fewer", () => {
  const table = [
    ["bytes 100-199/1000", {}, { start: 100, end: 200, size: 1000 }],
    ["bytes 100-199/1000", { size: 1000 }, { start: 100, end: 200, size: 1000 }],
    ["bytes 100-149/150", {}, { start: 100, end: 150, size: 150 }],
    ["bytes 100-100/1000", {}, { start: 100, end: 101, size: 1000 }],
    ["bytes 100-199/*", { size: 1000 }, { start: 100, end: 200, size: undefined }],
  ] as const;
  for (const [range, asked, expected] of table) {
    const given = check(206, { "content-range": range }, asked);
    assertEquals(given, { type: "partial", ...expected }, range);
  }
});

Deno.test("checkResponse() refuses a 206 with other bytes", () => {
  for (
    const range of [
      "bytes 101-199/1000",
      "bytes 0-99/1000",
      "bytes 100-199/100",
      "bytes 200-299/1000",
      "bytes 199-100/1000",
      "seconds 100-199/1000",
      "bytes */1000",
      "garbage",
    ]
  ) assertEquals(check(206, { "content-range": range }), "range", range);
  assertEquals(check(206), "range");
  const several = {
    "content-type": "multipart/byteranges; boundary=x",
    "content-range": "bytes 100-199/1000",
  };
  assertEquals(check(206, several), "range");
  const other = { "content-range": "bytes 100-199/999" };
  assertEquals(check(206, other, { size: 1000 }), "changed");
});

Deno.test("checkResponse() accepts a 200 as the whole file, unless it shows that the file changed", () => {
  const length = { "content-length": "1000" };
  assertEquals(check(200, length), { type: "whole", size: 1000 });
  assertEquals(check(200, length, { end: undefined }), { type: "whole", size: 1000 });
  assertEquals(check(200), { type: "whole", size: undefined });
  assertEquals(check(200, { "content-length": HUGE }), { type: "whole", size: undefined });
  assertEquals(check(200, length, { size: 1000 }), { type: "whole", size: 1000 });
  assertEquals(check(200, length, { size: 999 }), "changed");
});

Deno.test("checkResponse() accepts a 416 if the file ends before the range", () => {
  const at = (size: number) => ({ "content-range": `bytes */${size}` });
  assertEquals(check(416, at(100)), { type: "unsatisfiable", size: 100 });
  assertEquals(check(416, at(50), { size: 50 }), { type: "unsatisfiable", size: 50 });
  assertEquals(check(416, at(50), { size: 1000 }), "changed");
  // It could have answered, by its own words.
  assertEquals(check(416, at(101)), "range");
  assertEquals(check(416), "range");
});

Deno.test("checkResponse() does not believe a 416 that says that the file is empty before it was requested plainly", () => {
  const headers = { "content-range": "bytes */0" };
  assertEquals(check(416, headers, { start: 0 }), "range");
  assertEquals(check(416, headers, { start: 0, form: "open" }), "range");
  assertEquals(check(416, headers, { start: 0, size: 1000 }), "changed");
  const empty = { type: "unsatisfiable", size: 0 };
  assertEquals(check(416, headers, { start: 0, form: "plain" }), empty);
  assertEquals(check(416, headers, { start: 0, size: 0 }), empty);
});

Deno.test("checkResponse() uses what fits of a part that is wider than requested", () => {
  const table = [
    // Rounded to blocks.
    ["bytes 64-255/1000", "192", 1000, [36, 100, "more"]],
    ["bytes 64-255/1000", undefined, 1000, [36, 100, "more"]],
    ["bytes 100-255/1000", "156", 1000, [0, 100, "more"]],
    ["bytes 64-199/1000", "136", 1000, [36, 100, "none"]],
    ["bytes 64-199/1000", undefined, 1000, [36, 100, "unknown"]],
    ["bytes 99-199/1000", "101", 1000, [1, 100, "none"]],
  ] as const;
  for (const [range, length, size, frame] of table) {
    const headers = { "content-range": range, ...length && { "content-length": length } };
    const expected = [{ type: "partial", start: 100, end: 200, size }, frame, undefined];
    assertEquals(details(206, headers), expected as never, `${range}, ${length}`);
  }
  // It could be either of them.
  const unclear = { "content-range": "bytes 64-255/1000", "content-length": "100" };
  assertEquals(check(206, unclear), "range");
  const far = { "content-range": "bytes 0-99999999/1000000000" };
  assertEquals(check(206, far, { start: 99_000_000, end: 99_000_100 }), "range");
});

Deno.test("checkResponse() uses a part that is shorter than its range says", () => {
  const headers = { "content-range": "bytes 100-199/1000", "content-length": "40" };
  const answer = { type: "partial", start: 100, end: 140, size: 1000 } as const;
  assertEquals(details(206, headers, { size: 1000 }), [answer, [0, 40, "none"], undefined]);
  // There may be no more, whatever the total says.
  assertEquals(details(206, headers), [answer, [0, 40, "none"], "total"]);
  const shorter = { "content-range": "bytes 100-139/1000" };
  assertEquals(details(206, shorter), [answer, [0, 40, "unknown"], "total"]);
  assertEquals(details(206, shorter, { form: "open" }), [answer, [0, 40, "unknown"], "total"]);
  assertEquals(check(206, { ...headers, "content-length": "0" }), "range");
});

Deno.test("checkResponse() clamps a range that ends behind the file", () => {
  const first = { start: 0, end: 12288 };
  const headers = { "content-range": "bytes 0-12287/1569", "content-length": "1569" };
  const answer = { type: "partial", start: 0, end: 1569, size: 1569 } as const;
  assertEquals(details(206, headers, first), [answer, [0, 1569, "none"], undefined]);
  const { "content-length": _, ...chunked } = headers;
  // Which of the two is right is asked.
  assertEquals(details(206, chunked, first), [answer, [0, 1569, "unknown"], "total"]);
  // The bytes themselves refute the total.
  const refuted = details(206, { ...headers, "content-length": "12288" }, first);
  const longer = { ...answer, end: 12288, size: undefined };
  assertEquals(refuted, [longer, [0, 12288, "none"], "total"]);
  assertEquals(check(206, { ...headers, "content-length": "20000" }, first), "range");
});

Deno.test("checkResponse() does not wait for the bytes of the whole file behind a part", () => {
  const answer = { type: "partial", start: 0, end: 100, size: 1000 } as const;
  const headers = { "content-range": "bytes 0-99/1000", "content-length": "1000" };
  assertEquals(details(206, headers, { start: 0, end: 100 }), [
    answer,
    [0, 100, "more"],
    undefined,
  ]);
  // Elsewhere the body may be the whole file, too.
  const later = { ...headers, "content-range": "bytes 100-199/1000" };
  assertEquals(details(206, later)[1], [0, 100, "more"]);
  assertEquals(details(206, later)[2], "framing");
  // More than the whole file: the total may be wrong, too.
  const more = { ...headers, "content-length": "1001" };
  assertEquals(details(206, more, { start: 0, end: 100 })[2], "total");
  // The rest of the file, from there on.
  assertEquals(details(206, { ...later, "content-length": "900" })[2], undefined);
});

Deno.test("checkResponse() does not wait for the end of a body with an unknown transfer coding", () => {
  const headers = { "content-range": "bytes 100-199/1000", "content-length": "100" };
  const rest = (coding: string) => details(206, { ...headers, "transfer-encoding": coding })[1][2];
  assertEquals([rest("identity"), rest("chunked"), rest("gzip, chunked")], [
    "more",
    "unknown",
    "unknown",
  ]);
  const whole = { "content-length": "1000", "transfer-encoding": "identity" };
  assertEquals(details(200, whole, { start: 0 })[1], [0, 1000, "more"]);
});

Deno.test("checkResponse() ignores the length of a body that is chunked", () => {
  const chunked = { "content-length": "17", "transfer-encoding": "chunked" };
  const part = { ...chunked, "content-range": "bytes 100-199/1000" };
  const answer = { type: "partial", start: 100, end: 200, size: 1000 } as const;
  assertEquals(details(206, part), [answer, [0, 100, "unknown"], undefined]);
  const whole = { type: "whole", size: undefined } as const;
  assertEquals(details(200, chunked, { start: 0 })[0], whole);
  assertEquals(check(200, { ...chunked, "content-encoding": "gzip" }, { start: 0 }), "encoding");
});

Deno.test("checkResponse() doubts a total that ends where the requested range ends", () => {
  const headers = { "content-range": "bytes 100-199/200" };
  assertEquals(details(206, headers)[2], "total");
  assertEquals(details(206, headers, { size: 200 })[2], undefined);
  // A file of another size: either it has changed, or the total is wrong.
  assertEquals(details(206, headers, { size: 1000 })[2], "total");
  assertEquals(details(206, headers, { form: "open" })[2], undefined);
  // The end of a block.
  assertEquals(details(206, { "content-range": "bytes 0-255/256" })[2], "total");
  assertEquals(details(206, { "content-range": "bytes 100-149/150" })[2], undefined);
  const ignored = details(206, headers, { ignoresTotals: true, size: 1000 });
  assertEquals(ignored[0], { type: "partial", start: 100, end: 200, size: undefined });
  assertEquals(ignored[2], undefined);
});

Deno.test("checkResponse() takes a 200 with a Content-Range for a part", () => {
  const headers = { "content-range": "bytes 100-199/1000", "content-length": "100" };
  const answer = { type: "partial", start: 100, end: 200, size: 1000 } as const;
  assertEquals(details(200, headers), [answer, [0, 100, "none"], undefined]);
  const { "content-length": _, ...chunked } = headers;
  assertEquals(details(200, chunked), [answer, [0, 100, "unknown"], "framing"]);
  const other = { "content-range": "bytes 300-399/1000", "content-length": "100" };
  assertEquals(check(200, other), "range");
  // What no server could send says nothing.
  const senseless = { "content-range": "bytes 9-0/1", "content-length": "1000" };
  assertEquals(check(200, senseless), { type: "whole", size: 1000 });
});

Deno.test("checkResponse() takes a 206 from byte 0 to the end for the whole file", () => {
  const whole = { "content-range": "bytes 0-999/1000", "content-length": "1000" };
  const plain = { start: 0, end: undefined };
  for (const headers of [whole, { "content-range": "bytes 0-999/1000" }]) {
    assertEquals(check(206, headers, plain), { type: "whole", size: 1000 });
    assertEquals(check(200, headers, plain), { type: "whole", size: 1000 });
    // It sends the whole file each time.
    const last = { start: 990, end: 1000 };
    assertEquals(check(206, headers, last), { type: "whole", size: 1000 });
  }
  // Without a usable range a 206 is what was requested: everything.
  assertEquals(check(206, { "content-length": "1000" }, plain), { type: "whole", size: 1000 });
  const part = { "content-range": "bytes 0-99/1000", "content-length": "100" };
  for (const status of [200, 206]) assertEquals(check(status, part, plain), "range");
  assertEquals(check(200, { ...whole, "content-length": "900" }, plain), "range");
});

Deno.test("checkResponse() cuts a whole file that is known to be shorter than its length says", () => {
  const headers = { "content-range": "bytes 0-999/1000", "content-length": "1500" };
  const requested = { start: 990, end: 1000, size: 1000 };
  const answer = { type: "whole", size: 1000 } as const;
  assertEquals(details(200, headers, requested), [answer, [0, 1000, "more"], undefined]);
});

Deno.test("checkResponse() counts identical copies of a header once, and refuses contradictory ones", () => {
  const headers = {
    "content-range": "bytes 100-199/1000, bytes 100-199/1000",
    "content-length": "100, 100",
    "content-encoding": "gzip, gzip",
  };
  const answer = { type: "partial", start: 100, end: 200, size: 1000 } as const;
  assertEquals(check(206, headers), answer);
  const contradictory = "bytes 100-199/1000, bytes 100-199/1001";
  assertEquals(check(206, { "content-range": contradictory }), "range");
  assertEquals(check(200, { "content-length": "1000, 1001" }), "range");
});

Deno.test("checkResponse() uses a stored encoding, and names it", () => {
  const range = { "content-range": "bytes 100-199/1000", "content-length": "100" };
  for (const encoding of ["gzip", "x-gzip", "br", "GZIP", "unknown", "aws-chunked", "utf-8"]) {
    const headers = { "content-encoding": encoding };
    for (
      const outcome of [
        checkHeaders({}, 206, { ...headers, ...range }),
        checkHeaders({}, 200, { ...headers, "content-length": "1000" }),
      ]
    ) {
      assert(outcome.type === "usable", encoding);
      assertEquals((outcome as { encoding?: string }).encoding, encoding.toLowerCase());
    }
  }
  const identity = checkHeaders({}, 200, {
    "content-encoding": " Identity",
    "content-length": "5",
  });
  assertEquals(identity.type === "usable" && identity.encoding, undefined);
});

Deno.test("checkResponse() takes an empty 206 of a file without bytes for the file", () => {
  for (const range of ["bytes 0-0/0", "bytes 0--1/0", "bytes */0"]) {
    const headers = { "content-range": range, "content-length": "0" };
    for (const end of [12288, undefined]) {
      assertEquals(check(206, headers, { start: 0, end }), { type: "whole", size: 0 }, range);
    }
    assertEquals(check(206, headers, { start: 0, end: 10, size: 5 }), "changed");
  }
  assertEquals(check(206, { "content-range": "bytes 0-0/10", "content-length": "0" }), "range");
});

Deno.test("checkResponse() believes an empty 200 only where no range was requested", () => {
  const headers = { "content-length": "0" };
  assertEquals(check(200, headers), "range");
  assertEquals(check(200, headers, { form: "open" }), "range");
  assertEquals(check(200, headers, { form: "plain" }), { type: "whole", size: 0 });
});

Deno.test("checkResponse() doubts a 200 that may be a part without Content-Range", () => {
  const whole = (size: number | undefined) => ({ type: "whole", size });
  const length = (bytes: number) => ({ "content-length": `${bytes}` });
  const first = { start: 0, end: 100 };
  // As long as the requested range.
  assertEquals(details(200, length(100), first)[2], "whole");
  assertEquals(details(200, length(1000), first).slice(0, 3), [
    whole(1000),
    [0, 1000, "none"],
    undefined,
  ]);
  assertEquals(check(200, length(100), { ...first, size: 1000 }), "range");
  assertEquals(check(200, length(100), { ...first, size: 100 }), whole(100));
  assertEquals(check(200, length(100), { ...first, size: 50 }), "changed");
  assertEquals(check(200, length(900), { end: undefined, form: "open", size: 1000 }), "range");
  // Behind the first byte it is not certain where the body begins.
  assertEquals(details(200, length(1000))[2], "whole");
  assertEquals(details(200, length(1000), { size: 1000 })[2], undefined);
  assertEquals(details(200, length(100), { ...first, form: "plain" })[2], undefined);
  const unmeasured = checkHeaders(first, 200);
  assertEquals(unmeasured.type === "usable" && unmeasured.body.partLength, 100);
});

Deno.test("checkResponse() refuses an encoding that was made on the way", () => {
  const range = { "content-range": "bytes 100-199/1000" };
  for (const encoding of ["gzip", "br", "identity, gzip", "unknown"]) {
    const headers = { "content-encoding": encoding };
    assertEquals(check(200, headers), "encoding", encoding);
    assertEquals(check(206, { ...headers, ...range }), "encoding", encoding);
    const other = { ...headers, ...range, "content-length": "1000" };
    assertEquals(check(206, other), "encoding", encoding);
  }
  // Where the mirror was caught with it, the right length shows nothing.
  const caught = { "content-encoding": "gzip", "content-length": "1000" };
  assertEquals(check(200, caught, { encodes: true }), "encoding");
  // These do not change the bytes, whatever the length.
  for (const encoding of ["binary", "aws-chunked", "UTF-8", "none"]) {
    const outcome = check(200, { "content-encoding": encoding });
    assertEquals(outcome, { type: "whole", size: undefined });
  }
});

Deno.test("checkResponse(): 201, 203 and 226 are read as 200 is", () => {
  for (const status of [200, 201, 203, 226]) {
    assertEquals(check(status, { "content-length": "7" }), { type: "whole", size: 7 });
  }
});

Deno.test("checkResponse(): some statuses are retryable", () => {
  const retryable = [408, 425, 429, 500, 502, 503, 504, 520, 599];
  const final = [204, 205, 301, 304, 400, 401, 403, 404, 405, 407, 410, 412, 451, 501];
  for (const status of [...retryable, ...final]) {
    const outcome = checkHeaders({}, status);
    assert(outcome.type === "refused", `${status}`);
    const { reason, message } = outcome as Extract<typeof outcome, { type: "refused" }>;
    assertEquals([reason, message], [
      "status",
      `answered ${status}${status === 304 ? " (not modified)" : ""}`,
    ]);
    assertEquals("retryable" in outcome && outcome.retryable, retryable.includes(status));
  }
});

Deno.test("checkResponse(): other refusals are not retryable", () => {
  const refusals = [
    checkHeaders({}, 206),
    checkHeaders({}, 416),
    checkHeaders({}, 200, { "content-length": "0" }),
    checkHeaders({}, 200, { "content-encoding": "br" }),
  ];
  for (const refusal of refusals) assertEquals("retryable" in refusal && refusal.retryable, false);
});

Deno.test("toTheEnd() requests the last part of the file without its end, and no other", () => {
  const table: [requested: RequestedRange, form: string | undefined][] = [
    [{ start: 100, end: 1000, size: 1000 }, "open"],
    [{ start: 0, end: 1000, size: 1000, form: "bounded" }, "open"],
    [{ start: 100, end: 999, size: 1000 }, undefined],
    [{ start: 100, end: 1000, size: undefined }, undefined],
    [{ start: 100, end: undefined, size: 1000 }, undefined],
    [{ start: 0, end: 1000, size: 1000, form: "plain" }, "plain"],
  ];
  for (const [requested, form] of table) assertEquals(toTheEnd(requested).form, form);
});
