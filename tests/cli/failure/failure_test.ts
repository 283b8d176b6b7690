import { assertEquals, assertStringIncludes } from "@std/assert";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { exitCodeOf, explain } from "../../../lib/cli/failure/failure.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import {
  type FailurePhase,
  type FailureReason,
  MirrorError,
  MirrorMismatchError,
  type NetworkFault,
  NoMirrorLeftError,
  ProofError,
} from "../../../mod.ts";

function failure(phase: FailurePhase, reason: FailureReason, mirror = "http://127.0.0.1:1/f") {
  return new MirrorError(reason, { mirror, phase, reason, retryable: false });
}

const CODES: [phase: FailurePhase, reason: FailureReason, code: number][] = [
  ["headers", "status", 22],
  ["connect", "timeout", 28],
  ["body", "timeout", 28],
  ["body", "truncated", 18],
  ["headers", "redirect", 47],
  ["headers", "range", 33],
  ["headers", "encoding", 56],
  // The platform does not tell how a body broke off.
  ["body", "network", 18],
  ["headers", "changed", 56],
  ["headers", "mismatch", 56],
];

Deno.test("exitCodeOf() follows curl", async () => {
  for (const [phase, reason, code] of CODES) {
    assertEquals(await exitCodeOf([failure(phase, reason)]), code, `${phase} ${reason}`);
  }
});

const FAULTS: [fault: NetworkFault, code: number, advice: string][] = [
  ["forbidden", 7, ""],
  ["port", 7, ""],
  ["descriptors", 7, "raise the limit (ulimit -n)"],
  ["host", 6, ""],
  ["refused", 7, ""],
  ["unreachable", 7, ""],
  ["reset", 56, ""],
  ["empty", 52, ""],
  ["garbage", 1, ""],
  ["head", 8, ""],
  ["plain", 35, "http://"],
  ["tls", 35, ""],
  ["certificate", 60, "--cacert FILE"],
  ["caCertificate", 60, "even if --cacert trusts it"],
  ["clientCertificate", 35, "--cert FILE"],
  ["http1", 35, "leave out --http1.1"],
  ["http2", 16, "leave out --http2"],
];

Deno.test("explain(): the code and the advice follow what the platform says", async () => {
  for (const [fault, code, advice] of FAULTS) {
    const facts = { phase: "connect", reason: "network", retryable: false, fault } as const;
    const failed = new MirrorError("failed", { ...facts, mirror: "http://127.0.0.1:1/f" });
    assertEquals(await exitCodeOf([failed]), code, fault);
    const { exitCode, message } = commandError(await explain(new NoMirrorLeftError([failed])));
    assertEquals(exitCode, code, fault);
    assertEquals(message.split("\n").length, advice === "" ? 1 : 2, message);
    assertStringIncludes(message, advice);
  }
});

Deno.test("exitCodeOf(): a host that does not resolve is the proxy's, if there is one", async () => {
  const facts = { phase: "connect", reason: "network", retryable: false, fault: "host" } as const;
  const failed = new MirrorError("failed", { ...facts, mirror: "http://127.0.0.1:1/f" });
  assertEquals(await exitCodeOf([failed], { proxy: "http://nosuch.invalid:1" }), ExitCode.PROXY);
});

Deno.test("exitCodeOf(): a proxy that refused is no failed connection", async () => {
  const mirror = "https://a.example/f";
  const facts = { mirror, phase: "connect", reason: "network", retryable: false } as const;
  const refused = new MirrorError("unsuccessful tunnel", { ...facts, proxyRefused: true });
  assertEquals(await exitCodeOf([refused], { proxy: "http://127.0.0.1:1" }), ExitCode.RECEIVE);
});

Deno.test("exitCodeOf() returns the first mirror's code if they differ", async () => {
  const failures = [failure("headers", "status"), failure("body", "timeout")];
  assertEquals(await exitCodeOf(failures), ExitCode.STATUS);
});

Deno.test("exitCodeOf() distinguishes an unknown host from a refused connection", async () => {
  const host = failure("connect", "network", "http://nosuch.invalid/f");
  assertEquals(await exitCodeOf([host]), ExitCode.HOST);
  assertEquals(await exitCodeOf([failure("connect", "network")]), ExitCode.CONNECT);
  const bracketed = failure("connect", "network", "https://[::1]:1/f");
  assertEquals(await exitCodeOf([bracketed]), ExitCode.CONNECT);
});

Deno.test("exitCodeOf() distinguishes a server that is gone from one that hung up", async () => {
  assertEquals(await exitCodeOf([failure("headers", "network")]), ExitCode.CONNECT);
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const there = failure("headers", "network", `http://127.0.0.1:${listener.addr.port}/f`);
  assertEquals(await exitCodeOf([there]), ExitCode.RECEIVE);
});

Deno.test("explain() lists the failures that the user has not seen", async () => {
  const left = new NoMirrorLeftError([failure("body", "timeout"), failure("headers", "status")]);
  const shown = new Set(["http://127.0.0.1:1/f: timeout"]);
  const explained = commandError(await explain(left, { shown }));
  assertEquals(
    explained.message,
    "no mirror is left to download from:\n  http://127.0.0.1:1/f: status",
  );
});

Deno.test("explain(): what a required proof needs is named as an option", async () => {
  const mirrors = [{ mirror: "http://127.0.0.1:1/f", etag: undefined }];
  const table = [
    ["pieces", "as a Metalink has them (--metalink FILE)"],
    ["digest", "download all of it (--checksum sha-256=HEX)"],
    ["tags", "of the whole file (--checksum sha-256=HEX)"],
    ["bytes", "that do not give the size of the file"],
  ] as const;
  for (const [required, advice] of table) {
    const { exitCode, message } = commandError(
      await explain(new ProofError("size", required, mirrors)),
    );
    assertEquals([exitCode, message.endsWith(advice)], [ExitCode.RECEIVE, true], message);
  }
});

Deno.test("explain() returns other errors unchanged", async () => {
  const error = new Error("odd");
  assertEquals(await explain(error), error);
});

Deno.test("explain() shows the file of each mirror", async () => {
  const explained = commandError(
    await explain(
      new MirrorMismatchError([
        { mirror: "http://a/f", size: 1, digest: undefined },
        { mirror: "http://b/f", size: 2, digest: undefined },
      ]),
    ),
  );
  assertEquals(explained.exitCode, ExitCode.RECEIVE);
  assertStringIncludes(explained.message, "http://b/f: 2 bytes");
});

function commandError(error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  throw error;
}

Deno.test("explain(): after 401, the credentials may be missing or wrong", async () => {
  const facts = { mirror: "http://127.0.0.1:1/f", phase: "headers", reason: "status" } as const;
  const refused = new MirrorError("answered 401", { ...facts, status: 401, retryable: false });
  const explained = await explain(new NoMirrorLeftError([refused]));
  assertStringIncludes(
    (explained as CommandError).message,
    "the server requires authentication, or rejected the credentials: use -u USER:PASSWORD",
  );
});
