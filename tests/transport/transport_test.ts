import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { Downloader, type MirrorError, NoMirrorLeftError } from "../../mod.ts";
import { download, FILE, withMirrors, withMirrorsAtOnce } from "../support/download.ts";
import { freePort } from "../support/lab/free_port.ts";
import { startMirror } from "../support/lab/mirror_lab.ts";

/** The basic credentials `user:pass`. */
const BASIC = "Basic dXNlcjpwYXNz";

function withCredentials(url: string): string {
  return url.replace("http://", "http://user:pass@");
}

function lastFailure(error: unknown): MirrorError {
  assertInstanceOf(error, NoMirrorLeftError);
  return (error as NoMirrorLeftError).cause[0]!;
}

for (const redirect of ["relative", "absolute"] as const) {
  Deno.test(`Transport follows ${redirect} redirects once, and remembers where they led`, async () => {
    await withMirrorsAtOnce([{ redirect }, { redirect }], async (urls, mirrors) => {
      // A request that is cancelled before its answer, however late that is, makes the mirror be asked anew: each block
      // is requested from one mirror only, until it answers.
      const outcome = await download(urls, { delayRequest: "diff", duplicateRequest: "none" });
      assertEquals([outcome.error, outcome.sha256], [undefined, FILE.sha256()]);
      for (const { requests } of mirrors) {
        assertEquals(requests.filter(({ path }) => path.startsWith("/moved")).length, 1);
      }
      assert(mirrors.some(({ requests }) => requests.length > 2), "none was asked again");
    });
  });
}

Deno.test("Transport fails after too many redirects", async () => {
  await using loop = await startMirror({ content: FILE });
  await withMirrors([{ redirectTo: loop.url }], async (urls) => {
    const { error } = await download(urls, { maxRedirects: 0 });
    assertEquals(lastFailure(error).reason, "redirect");
  });
});

Deno.test("Transport refuses a redirect to another scheme", async () => {
  await withMirrors([{ redirectTo: "ftp://127.0.0.1/file" }], async (urls) => {
    const { error } = await download(urls);
    const { reason, problem } = lastFailure(error);
    assertEquals([reason, problem], ["redirect", "redirected to a URL that is not http or https"]);
  });
});

Deno.test("Transport asks the mirror again when the target of its redirect has expired", async () => {
  await using second = await startMirror({ content: FILE });
  const expired = { kind: "status", status: 403, from: 3, count: 1 } as const;
  await using first = await startMirror({ content: FILE, faults: [expired] });
  await withMirrors([{ redirectTo: first.url }], async (urls, [mirror]) => {
    const outcome = await download(urls, { delayRequest: "diff" });
    assertEquals([outcome.error, outcome.sha256], [undefined, FILE.sha256()]);
    assertEquals(mirror!.requests.length, 2);
  });
  assertEquals(second.requests.length, 0);
});

Deno.test("Transport sends a URL's credentials to that mirror only", async () => {
  await withMirrorsAtOnce([{ requireAuthorization: BASIC }, {}], async (urls, mirrors) => {
    const outcome = await download([withCredentials(urls[0]!), urls[1]!]);
    assertEquals([outcome.error, outcome.sha256], [undefined, FILE.sha256()]);
    assertEquals(mirrors[0]!.requests[0]!.headers["authorization"], BASIC);
    assert(mirrors[1]!.requests.every(({ headers }) => headers["authorization"] === undefined));
    assert(!JSON.stringify([outcome.events, outcome.stats]).includes("pass"));
  });
});

Deno.test("Transport sends no credentials on to another origin", async () => {
  await using target = await startMirror({ content: FILE });
  const headers = { authorization: "Bearer secret", cookie: "session=secret", "x-kept": "yes" };
  await withMirrors([{ redirectTo: target.url }], async (urls, [mirror]) => {
    const outcome = await download([withCredentials(urls[0]!)], { headers });
    assertEquals(outcome.sha256, FILE.sha256());
    assertEquals(mirror!.requests[0]!.headers["authorization"], BASIC);
    for (const { headers } of target.requests) {
      assertEquals(headers["authorization"], undefined);
      assertEquals(headers["cookie"], undefined);
      assertEquals(headers["x-kept"], "yes");
    }
  });
});

Deno.test("Transport: an error says whether the request had credentials, which do not follow to another origin", async () => {
  await using other = await startMirror({ content: FILE, requireAuthorization: "Basic other" });
  const mirrors = [{ requireAuthorization: "Basic other" }, { redirectTo: other.url }];
  await withMirrors(mirrors, async ([own, redirecting]) => {
    for (
      const [url, expected] of [
        [own!, false],
        [withCredentials(own!), true],
        [withCredentials(redirecting!), false],
      ] as const
    ) {
      const { status, hadCredentials } = lastFailure((await download([url])).error);
      assertEquals([status, hadCredentials], [401, expected], url);
    }
  });
});

Deno.test("Transport: an error message carries no credential", async () => {
  await withMirrors([{ requireAuthorization: "Basic other" }], async (urls) => {
    const { error, events } = await download([withCredentials(urls[0]!)]);
    const failure = lastFailure(error);
    assertEquals([failure.status, failure.reason], [401, "status"]);
    assertStringIncludes(failure.message, urls[0]!);
    assert(!JSON.stringify([failure, events, String(error)]).includes("pass"));
  });
});

Deno.test("Transport requests the bytes unencoded, and sends the caller's headers", async () => {
  await withMirrors([{}], async (urls, [mirror]) => {
    await download(urls, { headers: { "x-mine": "1" } });
    for (const { headers, method } of mirror!.requests) {
      assertEquals([method, headers["accept-encoding"]], ["GET", "identity"]);
      assertEquals(headers["x-mine"], "1");
    }
    assertEquals(mirror!.requests[0]!.headers["range"], "bytes=0-");
  });
});

Deno.test("Transport uses the caller's fetch, whatever kind of stream it answers with", async () => {
  let calls = 0;
  const own: typeof fetch = (input, init) => {
    calls++;
    const [, start, last] = /bytes=(\d+)-(\d*)/.exec(new Headers(init?.headers).get("range")!)!;
    const end = Math.min(last ? Number(last) + 1 : Infinity, FILE.size);
    const bytes = FILE.read(Number(start), end);
    assert(String(input).startsWith("http://mirror"));
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += 7000) {
          controller.enqueue(bytes.slice(at, at + 7000));
        }
        controller.close();
      },
    });
    const headers = { "content-range": `bytes ${start}-${end - 1}/${FILE.size}` };
    return Promise.resolve(new Response(body, { status: 206, headers }));
  };
  const outcome = await download(["http://mirror1.test/f", "http://mirror2.test/f"], {
    delayRequest: "diff",
    fetch: own,
  });
  assertEquals([outcome.error, outcome.sha256], [undefined, FILE.sha256()]);
  assert(calls >= 4);
});

Deno.test("Transport: a mirror that cannot be reached is a failure to connect", async () => {
  const port = freePort();
  const { error } = await download([`http://127.0.0.1:${port}/file`]);
  const failure = lastFailure(error);
  assertEquals([failure.phase, failure.reason], ["connect", "network"]);
  assertMatch(failure.problem, /^connection failed: (?!client error|error sending)/);
});

Deno.test("Transport does not wait for a fetch that ignores the signal", async () => {
  const deaf: typeof fetch = (input, init) =>
    String(input).startsWith("http://deaf") ? new Promise(() => {}) : fetch(input, init);
  await withMirrors([{}, {}], async (urls) => {
    const outcome = await download(["http://deaf.test/file", ...urls], { fetch: deaf });
    assertEquals([outcome.error, outcome.sha256], [undefined, FILE.sha256()]);
  });
});

Deno.test("Transport sends conditions on the file with the first request to each mirror only", async () => {
  const headers = {
    "if-none-match": '"old"',
    "if-modified-since": "Thu, 01 Jan 2020 00:00:00 GMT",
  };
  await withMirrorsAtOnce([{}, {}], async (urls, mirrors) => {
    const outcome = await download(urls, { headers });
    assertEquals([outcome.error, outcome.sha256], [undefined, FILE.sha256()]);
    for (const { requests } of mirrors) {
      const conditional = requests.map(({ headers }) => headers["if-none-match"] !== undefined);
      assertEquals(conditional[0], true);
      assertEquals(conditional.lastIndexOf(true), 0);
      assertEquals(requests[0]!.headers["if-modified-since"], headers["if-modified-since"]);
    }
  });
});

Deno.test("Transport: a mirror that answers 304 has failed, and is not asked again", async () => {
  const unchanged = { kind: "status", status: 304 } as const;
  await withMirrors([{ faults: [unchanged] }, {}], async (urls, [first]) => {
    const alone = await download([urls[0]!], { headers: { "if-none-match": '"x"' } });
    const { reason, status, retryable } = lastFailure(alone.error);
    assertEquals([reason, status, retryable], ["status", 304, false]);
    assertEquals(first!.requests.length, 1);
    const both = await download(urls, { headers: { "if-none-match": '"x"' } });
    assertEquals([both.error, both.sha256], [undefined, FILE.sha256()]);
  });
});

Deno.test("FileInfo has the file name that a mirror gives", async () => {
  const responseHeaders = {
    "content-disposition": "attachment; filename*=UTF-8''a%2Fna%C3%AFve.bin",
  };
  await withMirrors([{ responseHeaders }], async (urls) => {
    await using named = new Downloader(urls);
    assertEquals((await named.open()).fileName, "naïve.bin");
  });
  await withMirrors([{}], async (urls) => {
    await using unnamed = new Downloader(urls);
    assertEquals((await unnamed.open()).fileName, undefined);
  });
});
