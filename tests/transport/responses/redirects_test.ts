import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { resolveOptions } from "../../../lib/engine/options/resolve_options.ts";
import { MirrorError } from "../../../lib/errors.ts";
import { CookieJar } from "../../../lib/http/address/cookie_jar.ts";
import { followRedirects } from "../../../lib/transport/responses/redirects.ts";
import { Transport } from "../../../lib/transport/transport.ts";
import { type Request, type Script, serveScript } from "../scripted_server.ts";

const FILE = new TextEncoder().encode("the file");

function redirect(location: string, ...fields: readonly string[]): Script {
  return { status: 302, fields: [`Location: ${location}`, "Content-Length: 0", ...fields] };
}

function file(): Script {
  return { status: 200, fields: [`Content-Length: ${FILE.length}`], body: FILE };
}

const REFUSED: Script = { status: 403, fields: ["Content-Length: 0"] };

/** Requests the file from a scripted server, as often as `times`. */
async function request(
  answer: (request: Request) => Script,
  { headers = {}, times = 1 }: { headers?: Record<string, string>; times?: number } = {},
): Promise<{ requests: readonly Request[]; known: readonly unknown[] }> {
  await using server = serveScript(answer);
  const options = resolveOptions([`${server.origin}/start`], { headers });
  const transport = new Transport({ ...options, knownMirrors: [] });
  try {
    for (let time = 0; time < times; time++) {
      const range = { start: 0, end: undefined, size: undefined };
      const { body } = await transport.request(0, range, new AbortController().signal);
      assertEquals(await body.read(), FILE);
      assertEquals(await body.read(), undefined);
    }
    return { requests: server.requests, known: transport.knownMirrors };
  } finally {
    await transport.close();
  }
}

async function refusal(answer: (request: Request) => Script): Promise<MirrorError> {
  return await assertRejects(() => request(answer), MirrorError);
}

Deno.test("followRedirects() sends cookies of redirects to where they lead, also later", async () => {
  const { requests } = await request(({ path, headers: { cookie } }) => {
    if (path === "/start") {
      return redirect("/second", "Set-Cookie: s=1", "Set-Cookie: t=2; Path=/x");
    }
    if (path === "/second") return redirect("/start?done", "Set-Cookie: u=3; HttpOnly");
    return cookie === "s=1; u=3" ? file() : REFUSED;
  }, { times: 2 });
  assertEquals(requests.map(({ path, headers }) => [path, headers.cookie]), [
    ["/start", undefined],
    ["/second", "s=1"],
    ["/start?done", "s=1; u=3"],
    ["/start?done", "s=1; u=3"],
  ]);
});

Deno.test("followRedirects() follows a redirect to the same URL, now with a cookie", async () => {
  const { requests } = await request(
    ({ headers }) =>
      headers.cookie === "own=0; seen=1" ? file() : redirect("/start", "Set-Cookie: seen=1"),
    { headers: { cookie: "own=0" } },
  );
  assertEquals(requests.length, 2);
});

Deno.test("followRedirects() follows a Location in raw bytes", async () => {
  for (
    const [raw, path] of [
      ["/caf\xc3\xa9 1.bin", "/caf%C3%A9%201.bin"],
      ["/caf\xe9", "/caf%E9"],
      ["/file#part", "/file"],
    ] as const
  ) {
    const answer = (request: Request) =>
      request.path === "/start" ? redirect(raw) : request.path === path ? file() : REFUSED;
    assertEquals((await request(answer)).requests.at(-1)!.path, path);
  }
});

Deno.test("followRedirects() takes identical Locations for one", async () => {
  const answer = ({ path }: Request) =>
    path === "/start" ? redirect("/file", "Location: /file") : path === "/file" ? file() : REFUSED;
  await request(answer);
});

Deno.test("followRedirects() ends a loop early, and names it", async () => {
  const paths: string[] = [];
  const error = await refusal(({ path }) => {
    paths.push(path);
    return redirect(path === "/start" ? "/other" : "/start");
  });
  assertEquals(error.reason, "redirect");
  assertStringIncludes(error.problem, "a redirect loop: it leads to http://127.0.0.1:");
  assert(paths.length < 8, `${paths.length} requests`);
});

Deno.test("followRedirects() says so where a cookie was too long for a server that loops", async () => {
  const error = await refusal(() => redirect("/start", `Set-Cookie: s=${"x".repeat(100_000)}`));
  assertStringIncludes(error.problem, "after a cookie of 100002 characters, which is too long");
});

Deno.test("followRedirects() ends where each redirect leads elsewhere", async () => {
  let count = 0;
  const error = await refusal(() => redirect(`/${count++}`, `Set-Cookie: c${count}=1`));
  assertEquals(error.reason, "redirect");
  assertStringIncludes(error.problem, "more than ");
});

Deno.test("followRedirects() refuses a Location that is too long", async () => {
  const error = await refusal(() => redirect(`/${"x".repeat(100_000)}`));
  assertStringIncludes(error.problem, "redirected to a URL of 100001 characters");
  assert(error.message.length < 200);
});

Deno.test("followRedirects(): a redirect without a Location is a refusal", async () => {
  for (const fields of [["Content-Length: 0"], ["Location:", "Content-Length: 0"]]) {
    const error = await refusal(() => ({ status: 302, fields }));
    assertEquals([error.reason, error.status], ["status", 302]);
  }
});

Deno.test("Transport sends cookies of any response with later requests", async () => {
  let count = 0;
  const { requests } = await request(({ headers: { cookie } }) => {
    if (count++ > 0 && cookie !== "s=1") return REFUSED;
    const { fields, ...rest } = file();
    return { ...rest, fields: [...fields, "Set-Cookie: s=1"] };
  }, { times: 2 });
  assertEquals(requests.map(({ headers }) => headers.cookie), [undefined, "s=1"]);
});

Deno.test("Transport.knownMirrors leaves out a place that asks for cookies", async () => {
  const part = (): Script => ({
    status: 206,
    fields: [
      // As load balancers do: it need not be sent.
      "Set-Cookie: sticky=1",
      `Content-Range: bytes 0-7/8`,
      "Content-Length: 8",
      'ETag: "a"',
    ],
    body: FILE,
  });
  for (const cookie of ["s=1", "s=1; path=/elsewhere"]) {
    await using server = serveScript(({ path }) =>
      path === "/start" ? redirect("/file", `Set-Cookie: ${cookie}`) : part()
    );
    const url = `${server.origin}/start`;
    const transport = new Transport({ ...resolveOptions([url], {}), knownMirrors: [] });
    const range = { start: 0, end: 9, size: undefined };
    const { body } = await transport.request(0, range, new AbortController().signal);
    await body.cancel();
    await (await transport.request(0, range, new AbortController().signal)).body.cancel();
    const location = cookie === "s=1" ? undefined : `${server.origin}/file`;
    assertEquals(transport.knownMirrors.map((known) => known.location), [location]);
    await transport.close();
  }
});

/** Follows a redirect that is hidden, as in browsers; returns the kinds of requests with where it led. */
async function followHidden(maxRedirects: number): Promise<readonly string[]> {
  const kinds: string[] = [];
  const { url, response } = await followRedirects({
    url: new URL("https://one.example/start"),
    maxRedirects,
    cookies: new CookieJar(),
    send: (url, redirect) => {
      kinds.push(redirect);
      const response = new Response(redirect === "follow" ? "the file" : null);
      const shown = redirect === "follow"
        ? { url: "https://other.example/file" }
        : { type: "opaqueredirect", status: 0, url: url.href };
      for (const [name, value] of Object.entries(shown)) {
        Object.defineProperty(response, name, { value });
      }
      return Promise.resolve(response);
    },
    fail: (message) => new RangeError(message),
  });
  return [...kinds, url.href, await response.text()];
}

Deno.test("followRedirects() lets the platform follow redirects that it hides", async () => {
  const led = await followHidden(50);
  assertEquals(led, ["manual", "follow", "https://other.example/file", "the file"]);
  await assertRejects(() => followHidden(0), RangeError, "more than 0 redirects");
});
