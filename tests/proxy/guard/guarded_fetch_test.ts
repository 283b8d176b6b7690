import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { Downloader, NoMirrorLeftError } from "../../../mod.ts";
import { AddressPolicy } from "../../../lib/proxy/guard/address_policy.ts";
import { guardedFetch } from "../../../lib/proxy/guard/guarded_fetch.ts";
import { Problem } from "../../../lib/proxy/problem.ts";

const policy = new AddressPolicy({
  resolve: (name) => Promise.resolve(name === "nas.example" ? ["10.0.0.1"] : ["1.1.1.1"]),
});

/** A `fetch` that records the requested URLs. */
function recorded(answer: (url: URL) => Response = () => new Response("bytes")) {
  const asked: string[] = [];
  const inits: (RequestInit | undefined)[] = [];
  const fetch: typeof globalThis.fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    asked.push(url.href);
    inits.push(init);
    return Promise.resolve(answer(url));
  };
  return { fetch, asked, inits };
}

Deno.test("guardedFetch() passes allowed requests on unchanged", async () => {
  const { fetch, asked, inits } = recorded();
  const guarded = guardedFetch(fetch, policy);
  const init = { redirect: "manual", headers: { range: "bytes=0-1" } } as const;
  for (const input of ["http://one.example/a", new URL("http://one.example/b")]) {
    assertEquals(await (await guarded(input, init)).text(), "bytes");
  }
  await guarded(new Request("http://one.example/c", init));
  await guarded("http://one.example/d", { redirect: "error" });
  assertEquals(asked, ["a", "b", "c", "d"].map((path) => `http://one.example/${path}`));
  assertStrictEquals(inits[0], init);
});

Deno.test("guardedFetch() rejects refused hosts without a request", async () => {
  const { fetch, asked } = recorded();
  const guarded = guardedFetch(fetch, policy);
  for (const host of ["127.0.0.1", "[::1]", "nas.example", "localhost"]) {
    const error = await assertRejects(
      () => guarded(`http://user:secret@${host}:81/?secret`, { redirect: "manual" }),
      Error,
      `${host}:81 is refused: ${host} `,
    );
    assert((error as Error).cause instanceof Problem);
    assert(!(error as Error).message.includes("secret"));
  }
  assertEquals(asked, []);
});

Deno.test("guardedFetch() passes on other errors and the signal's reason", async () => {
  const { fetch, asked } = recorded();
  const wrong = new Error("gone.example cannot be resolved");
  const failing = guardedFetch(fetch, { check: () => Promise.reject(wrong) });
  const init = { redirect: "manual" } as const;
  assertStrictEquals(await failing("http://gone.example/", init).catch((error) => error), wrong);
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  const guarded = guardedFetch(fetch, policy);
  for (
    const answer of [
      guarded("http://one.example/", { ...init, signal }),
      guarded(new Request("http://one.example/", { ...init, signal })),
    ]
  ) assertStrictEquals(await answer.catch((error) => error), reason);
  assertEquals(asked, []);
});

Deno.test("guardedFetch() rejects automatic redirects", async () => {
  const { fetch, asked } = recorded();
  const guarded = guardedFetch(fetch, policy);
  const table = [
    () => guarded("http://one.example/"),
    () => guarded("http://one.example/", { redirect: "follow" }),
    () => guarded(new Request("http://one.example/")),
  ];
  for (const ask of table) await assertRejects(ask, TypeError, "one.example: redirect is ");
  assertEquals(asked, []);
});

Deno.test("guardedFetch(): a redirect does not lead a download to a refused host", async () => {
  const { fetch, asked } = recorded(() =>
    new Response(null, { status: 302, headers: { location: "http://169.254.169.254/latest" } })
  );
  await using download = new Downloader(["http://one.example/file"], {
    fetch: guardedFetch(fetch, policy),
    retry: { attempts: 1 },
  });
  const error = await assertRejects(() => download.open(), NoMirrorLeftError, "cloud metadata");
  let cause: unknown = (error as NoMirrorLeftError).cause[0];
  while (cause instanceof Error && !(cause instanceof Problem)) cause = cause.cause;
  assert(cause instanceof Problem);
  assertEquals(new Set(asked), new Set(["http://one.example/file"]));
});

Deno.test("guardedFetch() refuses a redirect from https to http, unless it is allowed", async () => {
  const locations: Record<string, string> = {
    "/down": "http://two.example/file",
    "/up": "https://two.example/file",
    "/same": "/down",
    "/none": "",
    "/upper": "HTTP://two.example/file",
  };
  let cancelled = 0;
  const { fetch } = recorded((url) => {
    const location = locations[url.pathname]!;
    const body = new ReadableStream({ cancel: () => void cancelled++ });
    return new Response(body, { status: 302, headers: location === "" ? {} : { location } });
  });
  const init = { redirect: "manual" } as const;
  const guarded = guardedFetch(fetch, policy);
  for (const path of ["/down", "/upper"]) {
    const error = await assertRejects(
      () => guarded(`https://one.example${path}`, init),
      Deno.errors.NotCapable,
      "redirects from https to http",
    );
    assert((error as Error).cause instanceof Problem);
  }
  assertEquals(cancelled, 2);
  const followed = [
    await guarded("https://one.example/up", init),
    await guarded("https://one.example/same", init),
    await guarded("https://one.example/none", init),
    await guarded("http://one.example/down", init),
    await guardedFetch(fetch, policy, { allowDowngrade: true })("https://one.example/down", init),
  ];
  for (const { status, body } of followed) {
    assertEquals(status, 302);
    await body?.cancel();
  }
});

Deno.test("guardedFetch() adds headers for their origin only, also where a redirect leads", async () => {
  const { fetch, inits } = recorded(({ host }) =>
    host === "one.example"
      ? new Response(null, { status: 302, headers: { location: "https://two.example/file" } })
      : new Response("bytes", { headers: { "content-length": "5" } })
  );
  const headers = new Map([
    ["https://one.example", new Headers({ authorization: "Bearer one", "x-key": "one" })],
    ["https://two.example:8443", new Headers({ cookie: "two" })],
    ["http://two.example", new Headers({ cookie: "two" })],
  ]);
  await using download = new Downloader(["https://one.example/file"], {
    fetch: guardedFetch(fetch, policy, { headers }),
    retry: { attempts: 1 },
  });
  await download.open();
  const sent = inits.map((init) => new Headers(init?.headers));
  assertEquals(sent[0]!.get("authorization"), "Bearer one");
  assertEquals([sent[0]!.get("x-key"), sent[0]!.has("range")], ["one", true]);
  for (
    const { headers } of inits.slice(1).map((init) => ({ headers: new Headers(init?.headers) }))
  ) {
    for (const name of ["authorization", "x-key", "cookie"]) assertEquals(headers.has(name), false);
  }
  assert(inits.length >= 2);
  // The login in a mirror's URL goes before.
  const own = { redirect: "manual", headers: { authorization: "Basic own" } } as const;
  await (await guardedFetch(fetch, policy, { headers })("https://one.example/", own)).body
    ?.cancel();
  assertEquals(new Headers(inits.at(-1)?.headers).get("authorization"), "Basic own");
});
