import { assertEquals } from "@std/assert";
import { assess, type AssessedMirror, probedProof } from "../../../lib/cli/probe/assessment.ts";
import { MirrorError } from "../../../mod.ts";
import { measured } from "./support.ts";

/** Name, verdict and reason of each, in their order. */
function told(
  mirrors: readonly AssessedMirror[],
): [name: string, verdict: string, reason?: string][] {
  return mirrors.map(({ measurement, verdict, reason }) => {
    const name = new URL(measurement.url).hostname;
    return reason === undefined ? [name, verdict] : [name, verdict, reason];
  });
}

function failed(name: string, message: string, status?: number) {
  const url = `http://${name}/f`;
  return new MirrorError(message, {
    ...{ mirror: url, phase: "connect", reason: status === undefined ? "network" : "status" },
    ...{ retryable: false, status },
  });
}

Deno.test("assess() adds what is odd about a mirror to the verdict", () => {
  const mirrors = assess([
    measured("a", { bytesPerSecond: 9e6, etagVaries: true, encoding: "gzip" }),
    measured("b", { bytesPerSecond: 8e6, rangeForm: "open" }),
    measured("c", { size: 5, isPage: true, etagVaries: true }),
  ]);
  assertEquals(told(mirrors), [
    [
      "a",
      "use",
      "the file is stored with Content-Encoding gzip; its ETag differs from response to response",
    ],
    ["b", "use", "refuses ranges with an end, and serves them without"],
    [
      "c",
      "skip",
      "has a different size than the others: 5 B instead of 1000000 B; sends an HTML page; " +
      "its ETag differs from response to response",
    ],
  ]);
});

Deno.test("assess() returns the fastest first, and marks slow mirrors", () => {
  const mirrors = assess([
    measured("a", { bytesPerSecond: 1e6 }),
    measured("b", { bytesPerSecond: 98e6 }),
    measured("c", { bytesPerSecond: 0 }),
    measured("d", { bytesPerSecond: 1e5 }),
    measured("e", { bytesPerSecond: 7e6 }),
  ]);
  assertEquals(told(mirrors), [
    ["b", "use"],
    ["e", "use"],
    ["a", "slow", "would deliver less than 1 % of the file"],
    ["d", "slow", "would deliver less than 1 % of the file"],
    ["c", "slow", "delivered nothing during the measurement"],
  ]);
  assertEquals(mirrors[0]!.share, 98e6 / 106.1e6);
  assertEquals(mirrors.every(({ sameFile }) => sameFile), true);
});

Deno.test("assess() gives the share of a slow mirror; of many equal ones none is slow", () => {
  const two = assess([
    measured("a", { bytesPerSecond: 49e6 }),
    measured("b", { bytesPerSecond: 1e6 }),
  ]);
  assertEquals(told(two)[1], ["b", "slow", "would deliver 2 % of the file"]);
  const equal = Array.from({ length: 40 }, (_, index) => measured(`h${index}`));
  assertEquals(assess(equal).filter(({ verdict }) => verdict !== "use"), []);
});

Deno.test("assess() skips mirrors that have a different file than most", () => {
  const mirrors = assess([
    measured("a"),
    measured("size", { size: 123 }),
    measured("head", { head: "x" }),
    measured("b"),
    measured("middle", { middle: "x" }),
    measured("c"),
  ]);
  assertEquals(told(mirrors), [
    ["a", "use"],
    ["b", "use"],
    ["c", "use"],
    ["size", "skip", "has a different size than the others: 123 B instead of 1000000 B"],
    ["head", "skip", "has different bytes at the beginning than the others"],
    ["middle", "skip", "has different bytes in the middle than the others"],
  ]);
  assertEquals(mirrors.map(({ sameFile }) => sameFile), [true, true, true, false, false, false]);
});

Deno.test("assess() skips all mirrors if there is no majority", () => {
  const sizes = assess([measured("a"), measured("b", { size: 123 })]);
  const differ = "and none has a majority";
  assertEquals(told(sizes), [
    ["a", "skip", `the mirrors have different files (1000000 B here), ${differ}`],
    ["b", "skip", `the mirrors have different files (123 B here), ${differ}`],
  ]);
  const heads = assess([measured("a"), measured("b", { head: "x" }), measured("c", { size: 1 })]);
  assertEquals(heads.map(({ verdict, sameFile }) => [verdict, sameFile]), [
    ["skip", undefined],
    ["skip", undefined],
    ["skip", false],
  ]);
});

Deno.test("assess() counts the file of a mirror that failed later", () => {
  const failure = failed("a", "the connection broke after 5 bytes of the body");
  const mirrors = assess([
    measured("a", { failure }),
    measured("b", { failure: failed("b", "answered 503", 503) }),
    measured("c", { size: 123 }),
  ]);
  assertEquals(told(mirrors), [
    ["a", "skip", "the connection broke after 5 bytes of the body"],
    ["b", "skip", "answered 503"],
    ["c", "skip", "has a different size than the others: 123 B instead of 1000000 B"],
  ]);
});

Deno.test("assess(): a mirror without ranges is used only if no mirror supports them", () => {
  assertEquals(told(assess([measured("whole", { ranges: false }), measured("a")])), [
    ["a", "use"],
    ["whole", "skip", "does not support ranges"],
  ]);
  assertEquals(told(assess([measured("star", { size: undefined }), measured("a")])), [
    ["a", "use"],
    ["star", "skip", "does not report the file's size"],
  ]);
  const whole = "supports only the whole file, no ranges";
  assertEquals(
    told(assess([
      measured("a", { ranges: false, bytesPerSecond: 1 }),
      measured("b", { ranges: false, bytesPerSecond: 2 }),
      measured("c", { ranges: true, size: undefined, bytesPerSecond: 1 }),
    ])),
    [
      ["b", "use", whole],
      ["a", "skip", `${whole}, and another is faster`],
      ["c", "skip", `${whole}, and another is faster`],
    ],
  );
});

Deno.test("assess() names the target of redirects to another host", () => {
  const moved = { redirects: 2, finalOrigin: "https://cdn.example" };
  assertEquals(told(assess([measured("a", moved)])), [["a", "use", "redirects to cdn.example"]]);
  const same = { redirects: 1, finalOrigin: "https://a" };
  assertEquals(told(assess([measured("a", same)])), [["a", "use"]]);
  const failure = failed("a", "answered 404", 404);
  assertEquals(told(assess([measured("a", { ...moved, failure, head: undefined })])), [
    ["a", "skip", "answered 404; redirects to cdn.example"],
  ]);
});

Deno.test("assess() of an empty file, and of no mirrors", () => {
  const empty = { size: 0, head: "e3b0", middle: undefined, bytesPerSecond: undefined };
  assertEquals(told(assess([measured("a", empty), measured("b", empty)])), [
    ["a", "use"],
    ["b", "use"],
  ]);
  assertEquals(assess([]), []);
});

const HASHES = { "sha-256": "1".repeat(64) };

Deno.test("probedProof(): a digest, equal strong ETags, compared bytes, or the size of the usable mirrors", () => {
  const slow = { bytesPerSecond: 1 };
  const table: [facts: Parameters<typeof measured>[1][], proof: string | undefined][] = [
    [[{ hashes: HASHES }, {}], "digest"],
    [[{}, { ...slow, hashes: HASHES }], "digest"],
    [[{ hashes: { "md5": "1".repeat(32) }, etag: undefined }], "bytes"],
    [[{}, {}], "tags"],
    [[{}], "tags"],
    [[{}, { ...slow, etag: '"y"' }], "bytes"],
    [[{ etag: 'W/"x"' }], "bytes"],
    [[{}, { etag: undefined }], "bytes"],
    [[{ etagVaries: true }], "bytes"],
    // Those that are not usable do not count.
    [[{}, {}, { size: 5, etag: '"y"', hashes: HASHES }], "tags"],
    [[{ size: undefined }], "size"],
    [[{}, { size: 5 }], undefined],
  ];
  for (const [facts, proof] of table) {
    const mirrors = facts.map((one, index) => measured(`m${index}`, one));
    assertEquals(probedProof(assess(mirrors)), proof, JSON.stringify(facts));
  }
});

Deno.test("assess(): a mirror that says that the file has another digest is skipped, as in a download", () => {
  const other = { bytesPerSecond: 1e5, hashes: { "sha-256": "2".repeat(64) } };
  const reason = "says that the file has a different sha-256 than the others";
  const own = { bytesPerSecond: 1e6, hashes: HASHES };
  assertEquals(
    told(assess([
      measured("a", own),
      measured("b", own),
      measured("c", other),
      measured("d", { bytesPerSecond: 1e6 }),
    ])),
    [["a", "use"], ["b", "use"], ["d", "use"], ["c", "skip", reason]],
  );
  const tie = assess([measured("a", own), measured("c", other)]);
  assertEquals(tie.map(({ verdict }) => verdict), ["skip", "skip"]);
});

Deno.test("assess(): a mirror that has another file than the Metalink says is skipped, also by a majority", () => {
  const hashes = (digit: string) => ({ "sha-256": digit.repeat(64) });
  const pieces = { algorithm: "sha-1", length: 1_000_000, digests: ["0".repeat(40)] } as const;
  const expected = { size: 1_000_000, hashes: hashes("a"), pieces };
  const mirrors = assess([
    measured("a", { hashes: hashes("a") }),
    measured("b", { size: 5 }),
    measured("c", { size: 5 }),
    measured("d", { hashes: hashes("b") }),
  ], expected);
  const other = "has a different size than the Metalink says: 5 B instead of 1000000 B";
  assertEquals(told(mirrors), [
    ["a", "use"],
    ["b", "skip", other],
    ["c", "skip", other],
    ["d", "skip", "says that the file has a different sha-256 than the Metalink says"],
  ]);
  assertEquals(probedProof(mirrors, expected), "pieces");
  assertEquals(probedProof(mirrors, { ...expected, pieces: undefined }), "digest");
});
