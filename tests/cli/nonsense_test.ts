import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type FlagName, FLAGS } from "../../lib/cli/arguments/flags.ts";
import { CommandError } from "../../lib/command_line/command_error.ts";
import { runCommand } from "../support/cli/run_command.ts";

const URL = "http://u:hunter2@127.0.0.1:9/f";

/** Values that no flag of that name can mean; `undefined` where every text has a meaning. */
const NONSENSE: Readonly<Record<string, readonly string[] | undefined>> = {
  "output": ["", "/nonexistent/f", "/"],
  "time-cond": ["", "-", "+"],
  "etag-compare": ["", "/"],
  "etag-save": ["", "/", "/nonexistent/f"],
  "output-dir": ["", "/nonexistent"],
  "continue-at": ["5", "", "x"],
  "range": ["", "-", "x", "5-2", "1-2,4-5", "0-99999999999999999999", "--5", "-0", "1-x"],
  "input-file": ["", "/nonexistent"],
  "metalink": ["", "/nonexistent", "/dev/null", "http://", import.meta.filename!],
  "select-file": ["", "x"],
  "max-mirrors": ["", "0", "x"],
  "mirror-list": ["", "/nonexistent", "http://", "/dev/null"],
  "path": ["", "x"],
  "spare-mirrors": ["", "-1", "x", "5"],
  "max-concurrent-downloads": ["", "0", "-1", "x", "1.5"],
  "checksum": ["", "sha-256", "sha-256=12", "sha-256=xyz", "crc=12", `md5=${"0".repeat(31)}g`],
  "checksum-file": ["", "/nonexistent", "http://", "/dev/null"],
  "on-complete": [""],
  "units": ["", "MB", "SI"],
  "config": ["", "/nonexistent", "/", "/dev/null", import.meta.filename!],
  "signature": ["", "/nonexistent", "x"],
  "signature-key": ["", "/nonexistent", "http://a/key", "/dev/null", import.meta.filename!],
  "checksum-from": ["", "SHA256SUMS", "AUTO"],
  "header": ["", "x", "a b: c", ": x", "A: x\ny", "Range: bytes=0-1"],
  "user-agent": ["a\nb"],
  "referer": ["a\r\nB: c"],
  "cookie": ["", "file.txt", "a=\n"],
  "user": ["", "name", ":password"],
  "netrc-file": ["", "/nonexistent"],
  "proxy": ["ftp://x", "http://", "socks4://x:1"],
  "noproxy": ["a\nb"],
  "resolve": ["", "x", "a:1", "a:0:127.0.0.1", "a:1:b", "a:1:127.0.0.1,", "a:1:443"],
  "connect-to": ["", "x", "a:1", "a:1:b", "a:1:b:x", "a:1:b:99999"],
  "interface": ["", "nosuch0", "127.0.0.1/8"],
  "cacert": ["", "/nonexistent", import.meta.filename!],
  "cert": ["", "/nonexistent", import.meta.filename!],
  "key": ["", "/nonexistent", import.meta.filename!],
  "max-redirs": ["", "-1", "x", "101"],
  "limit-rate": ["", "-5", "x", "5X", "0.1"],
  "connect-timeout": ["", "-1", "x", "1e9"],
  "max-time": ["", "-1", "x"],
  "retry": ["", "-1", "x", "1.5"],
  "retry-max-time": ["", "-1", "x"],
  "retry-delay": ["", "-1", "x", "1e9"],
  "max-idle": ["", "-1", "x", "0", "1e9"],
  "speed-limit": ["", "-1", "x"],
  "speed-time": ["", "0", "x"],
  "write-out": ["@file", "%{nonsense}"],
  "trace": ["", "-", "/dev/null", "/nonexistent/f"],
  "max-connection-per-server": ["", "0", "17", "x"],
  "require-proof": ["", "digests"],
  "deliver-after": ["", "first"],
  "server-stat-of": [""],
  "server-stat-if": [""],
  "server-stat-timeout": ["", "x", "-1"],
  "delay": ["", "fast"],
  "static-delay": ["", "x", "http://x/=y"],
  "initial-delay-coefficient": ["", "-1", "x"],
  "duplicate": ["", "x"],
  "invalid-block-threshold": ["", "-1", "x"],
  "split-size": ["", "0", "10", "x", "-5"],
  "window": ["", "0", "x", "1"],
};

Deno.test("every flag with a value refuses invalid values, and names itself", async () => {
  for (const { name, value } of FLAGS as readonly { name: FlagName; value?: string }[]) {
    if (value === undefined) continue;
    const values = NONSENSE[name];
    assert(values !== undefined, `--${name} has no nonsense in this table`);
    for (const text of values!) {
      const place = name === "output" || name === "input-file" || name === "output-dir"
        ? []
        : ["-o", "/dev/null"];
      const urls = ["input-file", "metalink", "mirror-list", "config"].includes(name) ? [] : [URL];
      const error = await runCommand([`--${name}=${text}`, ...place, ...urls])
        .then(() => undefined, (error) => error);
      const what = `--${name}="${text}"`;
      assert(error instanceof CommandError, `${what}: ${error}`);
      // Usage, a URL, or a file that cannot be written: never a request that fails.
      assert([2, 3, 23].includes(error.exitCode), `${what}: ${error.exitCode} ${error.message}`);
      assert(error.message.length > 20 && !error.message.includes("hunter2"), error.message);
      assert(!/undefined|NaN|\[object|at file:/.test(error.message), `${what}: ${error.message}`);
    }
  }
});

Deno.test("flags that cannot be used together say so", async () => {
  const pairs = [
    ["-s", "-v", "--silent and --verbose cannot be used together"],
    ["--http1.1", "--http2", "--http1.1 and --http2 cannot be used together"],
    ["-O", "-of", "--output and --remote-name cannot be used together"],
    ["-C-", "-o-", "--continue-at - cannot be used with --output -"],
    ["-A=x", "-HUser-Agent: y", "cannot be used together"],
    ["-J", "--checksum-file=x", "--remote-header-name and --checksum-file cannot be used together"],
    ["--checksum-from=auto", "--checksum-file=x", "cannot be used together"],
    ["--checksum-from=auto", "-r0-9", "cannot be used together"],
    ["--signature=auto", "-k", "--signature needs the publisher's public key"],
    ["--signature-key=x", "-r0-9", "--signature cannot be used with --range"],
    ["-k", "--http2", "--http2 and --insecure cannot be used together"],
    ["-k", "-xhttps://127.0.0.1:1", "--insecure cannot be used with a proxy whose URL is https://"],
    ["--on-complete=x", "-o-", "--on-complete cannot be used with --output -"],
    ["-4", "-q", "--disable (-q) must be the first argument"],
    ["-4", "-6", "--ipv4 and --ipv6 cannot be used together"],
    ["-4", "-xhttp://127.0.0.1:1", "--ipv4 cannot be used with --proxy"],
    ["--resolve=a:1:::1", "-x127.0.0.1:1", "--resolve cannot be used with --proxy"],
  ];
  const three = ["--signature=x", "--signature-key=x", "--checksum-from=auto", URL];
  const { message } = await assertRejects(() => runCommand(three), CommandError);
  assertStringIncludes(message, "--signature FILE cannot be used with --checksum-from auto");
  for (const [one, other, says] of pairs) {
    const error = await runCommand([one!, other!, URL]).then(() => undefined, (error) => error);
    assertEquals(error?.exitCode, 2, `${one} ${other}`);
    assertStringIncludes(error.message, says!);
  }
});

Deno.test("an invalid URL is reported as such, not as one without a file name", async () => {
  for (const url of ["notaurl", "ftp://a.example/", "http://127.0.0.1:99999/"]) {
    const error = await runCommand([url]).then(() => undefined, (error) => error);
    assertEquals(error?.exitCode, 3, `${url}: ${error}`);
    assertStringIncludes(error.message, url);
  }
});

Deno.test("the manual names every flag", () => {
  const manual = Deno.readTextFileSync(new globalThis.URL("../../docs/sphttp.md", import.meta.url));
  for (const { name, short } of FLAGS as readonly { name: string; short?: string }[]) {
    const named = manual.includes(`--${name}`) ||
      (short !== undefined && manual.includes(`-${short}`));
    assert(named, `docs/sphttp.md does not name --${name}`);
  }
});
