import { assert, assertEquals } from "@std/assert";
import {
  checkResponse,
  type RequestConditions,
  type RequestedRange,
} from "../../lib/http/response_check.ts";
import { readValidators } from "../../lib/http/validators.ts";

const HUGE = "123456789012345678901234567890";

const REQUESTED: RequestedRange & RequestConditions = {
  start: 100,
  end: 200,
  size: undefined,
  conditional: false,
  validators: undefined,
};

function checkHeaders(
  requested: Partial<typeof REQUESTED>,
  status: number,
  headers: Record<string, string> = {},
) {
  const received = new Headers(headers);
  const validators = readValidators(received, 0);
  return checkResponse({ ...REQUESTED, ...requested }, status, received, validators);
}

/** The result of a check; of a refusal, its reason. */
function check(
  status: number,
  headers: Record<string, string> = {},
  requested: Partial<typeof REQUESTED> = {},
): unknown {
  const outcome = checkHeaders(requested, status, headers);
  return outcome.type === "refused" ? outcome.reason : outcome;
}

Deno.test("checkResponse() accepts a 206 with the requested bytes, or fewer", () => {
  const table = [
    ["bytes 100-199/1000", {}, { start: 100, end: 200, size: 1000 }],
    ["bytes 100-199/1000", { size: 1000 }, { start: 100, end: 200, size: 1000 }],
    ["bytes 100-149/150", {}, { start: 100, end: 150, size: 150 }],
    ["bytes 100-100/1000", {}, { start: 100, end: 101, size: 1000 }],
    ["bytes 100-199/*", { size: 1000 }, { start: 100, end: 200, size: undefined }],
    ["bytes 100-199/1000", { conditional: true }, { start: 100, end: 200, size: 1000 }],
  ] as const;
  for (const [range, asked, expected] of table) {
    const given = check(206, { "content-range": range }, asked);
    assertEquals(given, { type: "partial", ...expected }, range);
  }
});

Deno.test("checkResponse() refuses a 206 with other bytes", () => {
  for (
    const range of [
      "bytes 99-199/1000",
      "bytes 101-199/1000",
      "bytes 100-200/1000",
      "bytes 0-99/1000",
      "bytes 100-199/150",
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
  const unasked = { "content-range": "bytes 0-199/1000" };
  assertEquals(check(206, unasked, { start: 0, end: undefined }), "range");
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
  assertEquals(check(200, length, { conditional: true }), "changed");
});

Deno.test("checkResponse() accepts a 416 if the file ends before the range", () => {
  const at = (size: number) => ({ "content-range": `bytes */${size}` });
  assertEquals(check(416, at(100)), { type: "unsatisfiable", size: 100 });
  assertEquals(check(416, at(0), { start: 0 }), { type: "unsatisfiable", size: 0 });
  assertEquals(check(416, at(50), { size: 50 }), { type: "unsatisfiable", size: 50 });
  assertEquals(check(416, at(50), { size: 1000 }), "changed");
  // It could have answered, by its own words.
  assertEquals(check(416, at(101)), "range");
  assertEquals(check(416), "range");
});

Deno.test("checkResponse() refuses an encoded body of a 206 or a 200", () => {
  for (const encoding of ["gzip", "br", "GZIP", "identity, gzip", "unknown"]) {
    const headers = {
      "content-encoding": encoding,
      "content-range": "bytes 100-199/1000",
      "content-length": "100",
    };
    assertEquals(check(206, headers), "encoding", encoding);
    assertEquals(check(200, headers), "encoding", encoding);
  }
  const identity = { "content-encoding": " Identity", "content-length": "5" };
  assertEquals(check(200, identity), { type: "whole", size: 5 });
});

Deno.test("checkResponse(): some statuses are retryable", () => {
  const retryable = [408, 425, 429, 500, 502, 503, 504, 520, 599];
  const final = [201, 204, 301, 304, 400, 401, 403, 404, 405, 407, 410, 412, 451, 501];
  for (const status of [...retryable, ...final]) {
    const outcome = checkHeaders({}, status);
    assert(outcome.type === "refused", `${status}`);
    const { reason, message } = outcome as Extract<typeof outcome, { type: "refused" }>;
    assertEquals([reason, message], ["status", `answered ${status}`]);
    assertEquals("retryable" in outcome && outcome.retryable, retryable.includes(status));
  }
});

Deno.test("checkResponse(): other refusals are not retryable", () => {
  const refusals = [
    checkHeaders({}, 206),
    checkHeaders({}, 416),
    checkHeaders({ conditional: true }, 200),
    checkHeaders({}, 200, { "content-encoding": "br" }),
  ];
  for (const refusal of refusals) assertEquals("retryable" in refusal && refusal.retryable, false);
});

Deno.test("checkResponse() refuses a response whose validators show that the file changed", () => {
  const validators = readValidators(new Headers({ etag: '"a"' }), 0);
  const range = { "content-range": "bytes 100-199/1000" };
  assertEquals(check(206, { ...range, etag: '"b"' }, { validators }), "changed");
  assertEquals(check(200, { etag: '"b"' }, { validators }), "changed");
  assertEquals(check(503, { etag: '"b"' }, { validators }), "status");
  const same = check(206, { ...range, etag: '"a"' }, { validators });
  assertEquals(same, { type: "partial", start: 100, end: 200, size: 1000 });
});
