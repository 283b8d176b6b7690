import { assertEquals } from "@std/assert";
import { judge, type JudgedMirror } from "../../../lib/cli/probe/judgement.ts";
import { MirrorError } from "../../../mod.ts";
import { measured } from "./support.ts";

/** Name, verdict and reason of each, in their order. */
function told(
  mirrors: readonly JudgedMirror[],
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

Deno.test("judge() puts the fastest first, and tells which are slow", () => {
  const mirrors = judge([
    measured("a", { bytesPerSecond: 1e6 }),
    measured("b", { bytesPerSecond: 98e6 }),
    measured("c", { bytesPerSecond: 0 }),
    measured("d", { bytesPerSecond: 1e5 }),
    measured("e", { bytesPerSecond: 7e6 }),
  ]);
  assertEquals(told(mirrors), [
    ["b", "use"],
    ["e", "use"],
    ["a", "slow", "would bring less than 1 % of the whole"],
    ["d", "slow", "would bring less than 1 % of the whole"],
    ["c", "slow", "brought nothing in the time of the measurement"],
  ]);
  assertEquals(mirrors[0]!.share, 98e6 / 106.1e6);
  assertEquals(mirrors.every(({ sameFile }) => sameFile), true);
});

Deno.test("judge() tells the share of a slow mirror; of many equal ones none is slow", () => {
  const two = judge([
    measured("a", { bytesPerSecond: 49e6 }),
    measured("b", { bytesPerSecond: 1e6 }),
  ]);
  assertEquals(told(two)[1], ["b", "slow", "would bring 2 % of the whole"]);
  const equal = Array.from({ length: 40 }, (_, index) => measured(`h${index}`));
  assertEquals(judge(equal).filter(({ verdict }) => verdict !== "use"), []);
});

Deno.test("judge() skips mirrors that have another file than most", () => {
  const mirrors = judge([
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
    ["size", "skip", "has another size than the others: 123 B instead of 1000000 B"],
    ["head", "skip", "begins with other bytes than the others"],
    ["middle", "skip", "has other bytes in the middle than the others"],
  ]);
  assertEquals(mirrors.map(({ sameFile }) => sameFile), [true, true, true, false, false, false]);
});

Deno.test("judge() takes nobody's side where no majority is", () => {
  const sizes = judge([measured("a"), measured("b", { size: 123 })]);
  const differ = "and no majority tells which file is meant";
  assertEquals(told(sizes), [
    ["a", "skip", `the mirrors differ (1000000 B here), ${differ}`],
    ["b", "skip", `the mirrors differ (123 B here), ${differ}`],
  ]);
  const heads = judge([measured("a"), measured("b", { head: "x" }), measured("c", { size: 1 })]);
  assertEquals(heads.map(({ verdict, sameFile }) => [verdict, sameFile]), [
    ["skip", undefined],
    ["skip", undefined],
    ["skip", false],
  ]);
});

Deno.test("judge() counts what a mirror said before it failed", () => {
  const failure = failed("a", "the connection broke after 5 bytes of the body");
  const mirrors = judge([
    measured("a", { failure }),
    measured("b", { failure: failed("b", "answered 503", 503) }),
    measured("c", { size: 123 }),
  ]);
  assertEquals(told(mirrors), [
    ["a", "skip", "the connection broke after 5 bytes of the body"],
    ["b", "skip", "answered 503"],
    ["c", "skip", "has another size than the others: 123 B instead of 1000000 B"],
  ]);
});

Deno.test("judge(): who cannot give parts is of use only where nobody can", () => {
  assertEquals(told(judge([measured("whole", { ranges: false }), measured("a")])), [
    ["a", "use"],
    ["whole", "skip", "does not serve ranges"],
  ]);
  assertEquals(told(judge([measured("star", { size: undefined }), measured("a")])), [
    ["a", "use"],
    ["star", "skip", "does not tell the file's size"],
  ]);
  const whole = "serves the whole file only, no parts of it";
  assertEquals(
    told(judge([
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

Deno.test("judge() tells where redirects lead, to another host only", () => {
  const moved = { redirects: 2, finalOrigin: "https://cdn.example" };
  assertEquals(told(judge([measured("a", moved)])), [["a", "use", "leads to cdn.example"]]);
  const same = { redirects: 1, finalOrigin: "https://a" };
  assertEquals(told(judge([measured("a", same)])), [["a", "use"]]);
  const failure = failed("a", "answered 404", 404);
  assertEquals(told(judge([measured("a", { ...moved, failure, head: undefined })])), [
    ["a", "skip", "answered 404; leads to cdn.example"],
  ]);
});

Deno.test("judge() of an empty file, and of nothing", () => {
  const empty = { size: 0, head: "e3b0", middle: undefined, bytesPerSecond: undefined };
  assertEquals(told(judge([measured("a", empty), measured("b", empty)])), [
    ["a", "use"],
    ["b", "use"],
  ]);
  assertEquals(judge([]), []);
});
