import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { MirrorError, NoMirrorLeftError, type Refresh } from "../../../mod.ts";
import { mayHaveExpired, Renewals } from "../../../lib/transport/responses/renewal.ts";
import { download, FILE, PIECES } from "../../support/download.ts";
import { otherContent } from "../../support/lab/content.ts";
import { startMirror } from "../../support/lab/mirror_lab.ts";

/** A store whose URLs are signed: each serves `uses` requests, and then answers with a status. */
async function signedStore(
  { uses, status = 403, content = FILE }: { uses: number; status?: number; content?: typeof FILE },
) {
  const mirror = await startMirror({ content });
  const left = new Map<string, number>();
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const url = new URL(request.url);
    const key = url.search;
    asked.push(`${key} ${request.headers.get("authorization") ?? ""}`.trim());
    const uses = left.get(key) ?? 0;
    left.set(key, uses - 1);
    if (uses <= 0) return new Response("expired", { status });
    return fetch(mirror.url, { headers: request.headers });
  });
  let signatures = 0;
  return {
    asked,
    /** Returns a URL with a signature of its own. */
    sign(): string {
      const key = `?signature=${++signatures}`;
      left.set(key, uses);
      return `http://127.0.0.1:${server.addr.port}/file.bin${key}`;
    },
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await mirror[Symbol.asyncDispose]();
    },
  };
}

/** Nothing waits in these tests, whatever the machine does. */
const OPTIONS = { ...PIECES, maxIdleMs: 60_000 };

for (const status of [401, 403, 404, 410]) {
  Deno.test(`refresh: a URL that is refused with ${status} after it has served is renewed`, async () => {
    await using store = await signedStore({ uses: 3, status });
    const reasons: (readonly [string, number | undefined])[] = [];
    const given = store.sign();
    const refresh: Refresh = (url, reason) => {
      assertInstanceOf(reason, MirrorError);
      reasons.push([url, reason.status]);
      return store.sign();
    };
    const { error, sha256 } = await download([given], { ...OPTIONS, refresh });
    assertEquals([error, sha256], [undefined, FILE.sha256()]);
    assert(reasons.length >= 2, `${reasons.length}`);
    assertEquals(reasons.filter(([url, code]) => url !== given || code !== status), []);
  });
}

Deno.test("refresh: a URL that has expired before the first request is renewed, with a URL object", async () => {
  await using store = await signedStore({ uses: 1000 });
  const expired = store.sign().replace(/=\d+$/, "=expired");
  const refresh = () => Promise.resolve(new URL(store.sign()));
  const { error, sha256 } = await download([expired], { ...OPTIONS, refresh });
  assertEquals([error, sha256], [undefined, FILE.sha256()]);
});

Deno.test("Renewals: requests that are refused together share one call, later ones need none", async () => {
  const source = { url: "http://a.example/f?1", authorization: undefined };
  let calls = 0;
  const refresh = async () => {
    calls++;
    await Promise.resolve();
    return "http://a.example/f?2";
  };
  const renewals = new Renewals([source], refresh, () => {
    return new MirrorError("", {
      mirror: source.url,
      phase: "headers",
      reason: "status",
      retryable: false,
    });
  });
  const { signal } = new AbortController();
  const refuse = () => renewals.renew(0, source, { status: 403, body: null }, signal);
  const renewed = [...await Promise.all([refuse(), refuse()]), await refuse()];
  assertEquals(renewed.map((one) => one?.url), Array(3).fill("http://a.example/f?2"));
  assertEquals(calls, 1);
  // A response to the old URL says nothing about the new one.
  renewals.served(0, source);
  const fresh = renewals.sourceOf(0);
  assertEquals(await renewals.renew(0, fresh, { status: 403, body: null }, signal), undefined);
  renewals.served(0, fresh);
  await renewals.renew(0, fresh, { status: 403, body: null }, signal);
  assertEquals(calls, 2);
});

Deno.test("refresh: without another URL, the mirror has failed as it would otherwise", async () => {
  await using store = await signedStore({ uses: 0 });
  let calls = 0;
  const refresh = () => void calls++;
  const { error } = await download([store.sign()], {
    ...OPTIONS,
    refresh: () => refresh() as undefined,
  });
  assertInstanceOf(error, NoMirrorLeftError);
  const [failure] = (error as NoMirrorLeftError).cause;
  assertEquals([failure!.status, failure!.reason, calls >= 1], [403, "status", true]);
});

Deno.test("refresh: a new URL that is refused at once is not renewed again", async () => {
  await using store = await signedStore({ uses: 0 });
  let calls = 0;
  const refresh = () => {
    calls++;
    return store.sign();
  };
  const { error } = await download([store.sign()], { ...OPTIONS, refresh });
  assertInstanceOf(error, NoMirrorLeftError);
  assertEquals(calls, 1);
});

Deno.test("refresh: its error is that of the mirror, and others go on", async () => {
  await using store = await signedStore({ uses: 0 });
  await using good = await startMirror({ content: FILE });
  const refresh = () => Promise.reject(new Error("the portal is closed"));
  const failures: string[] = [];
  const alone = await download([store.sign()], { ...OPTIONS, refresh });
  assertInstanceOf(alone.error, NoMirrorLeftError);
  failures.push(...(alone.error as NoMirrorLeftError).cause.map(({ problem }) => problem));
  assertEquals(failures, [
    "answered 403, and no other URL could be had: the portal is closed",
  ]);
  const { error, sha256 } = await download([store.sign(), good.url], { ...OPTIONS, refresh });
  assertEquals([error, sha256], [undefined, FILE.sha256()]);
});

Deno.test("refresh: bytes of another file behind the new URL are not used", async () => {
  await using store = await signedStore({ uses: 3 });
  await using other = await signedStore({ uses: 1000, content: otherContent(FILE) });
  const refresh = () => other.sign();
  const { error } = await download([store.sign()], { ...OPTIONS, refresh });
  assertInstanceOf(error, NoMirrorLeftError);
});

Deno.test("refresh: credentials go to the mirror's own origin only, unless the new URL has some", async () => {
  await using store = await signedStore({ uses: 2 });
  await using other = await signedStore({ uses: 2 });
  const withLogin = (url: string, login: string) => url.replace("http://", `http://${login}@`);
  const next = [() => other.sign(), () => withLogin(other.sign(), "new:one")];
  const refresh = () => next.shift()?.() ?? store.sign();
  const url = withLogin(store.sign(), "old:one");
  const { error, sha256 } = await download([url], { ...OPTIONS, refresh });
  assertEquals([error, sha256], [undefined, FILE.sha256()]);
  const basic = (login: string) => `Basic ${btoa(login)}`;
  assertEquals(store.asked.filter((one) => !one.endsWith(basic("old:one"))), []);
  const elsewhere = [...new Set(other.asked.map((one) => one.replace(/^\S+ ?/, "")))];
  assertEquals(elsewhere, ["", basic("new:one")]);
});

Deno.test("mayHaveExpired(): some statuses say so only of a URL that has served", () => {
  for (
    const [status, before, after] of [
      [401, true, true],
      [403, true, true],
      [410, true, true],
      [400, false, true],
      [404, false, true],
      [206, false, false],
      [416, false, false],
      [429, false, false],
      [503, false, false],
    ] as const
  ) {
    assertEquals([status, mayHaveExpired(status, false), mayHaveExpired(status, true)], [
      ...[status, before, after],
    ]);
  }
});
