import { assert, assertEquals } from "@std/assert";
import {
  FileChangedError,
  MirrorError,
  type MirrorErrorOptions,
  MirrorMismatchError,
  NoMirrorLeftError,
} from "../../../mod.ts";
import {
  hasChanged,
  isOutdated,
  upstreamProblem,
} from "../../../lib/proxy/answer/upstream_problem.ts";
import { Problem } from "../../../lib/proxy/problem.ts";

const URL_ = "https://a.example/f?signature=secret";

function failure(facts: Partial<MirrorErrorOptions>): MirrorError {
  return new MirrorError("secret words", {
    mirror: URL_,
    phase: "connect",
    reason: "network",
    retryable: false,
    ...facts,
  });
}

function problemOf(...failures: Partial<MirrorErrorOptions>[]): Problem {
  return upstreamProblem(new NoMirrorLeftError(failures.map(failure)));
}

Deno.test("upstreamProblem() lists a reason for each mirror, without anything secret", () => {
  const table: [facts: Partial<MirrorErrorOptions>, reason: RegExp][] = [
    [{}, /^connection failed$/],
    [{ fault: "forbidden" }, /not permitted to connect/],
    [{ fault: "port" }, /port that is blocked/],
    [{ fault: "host" }, /name does not resolve/],
    [{ fault: "refused" }, /^refused/],
    [{ fault: "head" }, /header with over 100 fields/],
    [{ fault: "garbage" }, /HTTP/],
    [{ fault: "plain" }, /http:\/\/ instead/],
    [{ fault: "certificate" }, /certificate/],
    [{ fault: "clientCertificate" }, /requires a client certificate/],
    [{ proxyRefused: true }, /own proxy/],
    [{ reason: "timeout" }, /^timed out$/],
    [{ reason: "status", status: 404 }, /^responded with status 404$/],
    [{ reason: "status", status: 429 }, /^responded with status 429, which limits its requests$/],
    [{ reason: "status", status: 509 }, /limits/],
    [{ reason: "status", status: 503 }, /^responded with status 503$/],
    [{ reason: "range", status: 206 }, /ranges/],
    [{ reason: "encoding" }, /encodes the file/],
    [{ reason: "truncated" }, /incomplete/],
    [{ reason: "changed" }, /contradicts what it said/],
    [{ reason: "mismatch" }, /different file/],
  ];
  for (const [facts, reason] of table) {
    const { status, extensions } = problemOf(facts);
    const [mirror] = extensions.mirrors as { url: string; reason: string }[];
    const expected = facts.reason === "timeout" ? 504 : facts.status === 404 ? 404 : 502;
    assertEquals([status, mirror!.url], [expected, "https://a.example/f"]);
    assert(reason.test(mirror!.reason), mirror!.reason);
    assertEquals(JSON.stringify(extensions).includes("secret"), false);
  }
});

Deno.test("upstreamProblem(): the status is what all mirrors have in common", () => {
  const [missing, gone]: Partial<MirrorErrorOptions>[] = [404, 410].map((status) => ({
    reason: "status",
    status,
  }));
  const late: Partial<MirrorErrorOptions> = { reason: "timeout" };
  const table: [failures: Partial<MirrorErrorOptions>[], status: number, says: string][] = [
    [[missing!], 404, "the mirror says that there is no such file"],
    [[missing!, missing!, gone!], 404, "every mirror says that there is no such file"],
    [[gone!, gone!], 410, "every mirror says that the file is gone"],
    [[late], 504, "the mirror kept the proxy waiting"],
    [[late, late], 504, "every mirror kept the proxy waiting"],
    [[late, missing!], 502, "no mirror could deliver"],
    [[{ fault: "refused" }, missing!], 502, "no mirror could deliver"],
    [[{ reason: "status", status: 500 }], 502, "no mirror could deliver"],
  ];
  for (const [failures, status, says] of table) {
    const problem = problemOf(...failures);
    assertEquals([problem.status, problem.detail.slice(0, says.length)], [status, says]);
  }
});

Deno.test("upstreamProblem() passes on Retry-After if every mirror asks to wait", () => {
  const waits = (...times: (number | undefined)[]) => {
    const { status, headers } = problemOf(
      ...times.map((retryAfterMs) => ({ status: 429, retryAfterMs })),
    );
    return [status, headers.get("retry-after")];
  };
  assertEquals(waits(undefined), [502, null]);
  assertEquals(waits(5000, undefined), [502, null]);
  assertEquals(waits(300_000, 4200), [503, "5"]);
  assertEquals(waits(0), [503, "0"]);
  // Of any number of digits, a number that can be written in them.
  assertEquals(waits(1e27), [503, "86400"]);
});

Deno.test("upstreamProblem(): a refusal of the proxy itself is the problem if it concerns all", () => {
  const cause = new Error("outer", { cause: new Problem(403, "a.example is private") });
  assertEquals(problemOf({ cause }).status, 403);
  const mixed = problemOf({ cause }, { status: 404, reason: "status" });
  assertEquals(mixed.status, 502);
  assertEquals(
    (mixed.extensions.mirrors as { reason: string }[]).map(({ reason }) => reason),
    ["a.example is private", "responded with status 404"],
  );
});

Deno.test("upstreamProblem() names the mirrors that differ, and what each has", () => {
  const files = [
    { mirror: "https://a.example/f?x=secret", size: 5, digest: "aa" },
    { mirror: "https://b.example/f", size: 5, digest: "bb" },
    { mirror: "https://c.example/f", size: undefined, digest: undefined },
  ];
  const { status, extensions } = upstreamProblem(new MirrorMismatchError(files));
  assertEquals(status, 502);
  assertEquals(extensions.mirrors, [
    { url: "https://a.example/f", reason: "has 5 bytes, but other content" },
    { url: "https://b.example/f", reason: "has 5 bytes, but other content" },
    { url: "https://c.example/f", reason: "does not report a size" },
  ]);
});

Deno.test("hasChanged() and isOutdated() find what contradicts a known file, among other failures", () => {
  const error = (...reasons: MirrorErrorOptions["reason"][]) =>
    new NoMirrorLeftError(reasons.map((reason) => failure({ reason })));
  const table: [error: unknown, hasChanged: boolean, isOutdated: boolean][] = [
    [error("network", "changed"), true, true],
    [new FileChangedError(failure({ reason: "changed" })), true, true],
    [new MirrorMismatchError([]), true, true],
    [error("mismatch"), false, true],
    [error("network", "timeout"), false, false],
    [new Error("changed"), false, false],
  ];
  for (const [error, changed, outdated] of table) {
    assertEquals([hasChanged(error), isOutdated(error)], [changed, outdated], `${error}`);
  }
});

Deno.test("upstreamProblem() of a change that was found too late names the mirror", () => {
  const { status, extensions } = upstreamProblem(
    new FileChangedError(failure({ reason: "changed" })),
  );
  const [mirror] = extensions.mirrors as { url: string; reason: string }[];
  assertEquals([status, mirror!.url], [502, "https://a.example/f"]);
});
