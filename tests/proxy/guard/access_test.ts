import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { Access, endedSessionCookie } from "../../../lib/proxy/guard/access.ts";

const TOKEN = "0123456789abcdef";

function request(headers: HeadersInit, url = "http://proxy.test:8080/proxy"): Request {
  return new Request(url, { headers });
}

Deno.test("Access.hasToken() accepts the token as a Bearer token only", async () => {
  const access = new Access(TOKEN);
  const table: [authorization: string, expected: boolean][] = [
    [`Bearer ${TOKEN}`, true],
    [`bearer  ${TOKEN}`, true],
    [`Basic ${TOKEN}`, false],
    [TOKEN, false],
    [`Bearer ${TOKEN.slice(1)}`, false],
    [`Bearer ${TOKEN}0`, false],
    [`Bearer ${TOKEN.toUpperCase()}`, false],
    ["Bearer", false],
  ];
  for (const [authorization, expected] of table) {
    assertEquals(await access.hasToken(request({ authorization })), expected, authorization);
  }
  assertEquals(await access.hasToken(request({})), false);
});

Deno.test("Access: the cookie admits a browser without containing the token", async () => {
  const access = new Access(TOKEN);
  const cookie = await access.sessionCookie(request({}));
  assertMatch(
    cookie,
    /^sphttp-8080=[^;]+; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
  );
  assertNotMatch(cookie, new RegExp(TOKEN));
  const pair = cookie.split(";")[0]!;
  const value = pair.split("=")[1]!;
  const table: [headers: Record<string, string>, expected: boolean][] = [
    [{ cookie: pair }, true],
    [{ cookie: `a=b; ${pair};c=d` }, true],
    [{ cookie: `sphttp-8080=wrong; ${pair}` }, true],
    [{ cookie: pair, "sec-fetch-site": "same-origin" }, true],
    [{ cookie: pair, "sec-fetch-site": "none" }, true],
    // Another port is the same site: a page there must not use the cookie.
    [{ cookie: pair, "sec-fetch-site": "same-site" }, false],
    [{ cookie: pair, "sec-fetch-site": "cross-site" }, false],
    [{ cookie: `${pair}x` }, false],
    [{ cookie: `other=${value}` }, false],
    [{ cookie: `sphttp-8080=${TOKEN}` }, false],
    [{}, false],
  ];
  for (const [headers, expected] of table) {
    assertEquals(await access.hasSession(request(headers)), expected, JSON.stringify(headers));
  }
  const elsewhere = request({ cookie: pair }, "http://proxy.test:8081/");
  assertEquals(await access.hasSession(elsewhere), false);
  assertEquals(await new Access(`${TOKEN}!`).hasSession(request({ cookie: pair })), false);
});

Deno.test("Access: over TLS, the cookie is bound to the host and to TLS", async () => {
  const tls = request({}, "https://proxy.test/");
  const cookie = await new Access(TOKEN).sessionCookie(tls);
  assertMatch(cookie, /^__Host-sphttp=.*; Path=\/; .*; Secure$/);
  assertMatch(endedSessionCookie(tls), /^__Host-sphttp=; Max-Age=0; Path=\//);
});

Deno.test("Access: a link is good for its mirrors and no session, and needs a long token", async () => {
  const access = new Access(TOKEN);
  const mirrors = ["https://a.example/f"];
  const pass = await access.signLink(mirrors, Date.now() + 60_000);
  assertEquals(await access.checkLink(mirrors, pass), "valid");
  assertEquals(await access.checkLink(["https://a.example/g"], pass), "wrong");
  const old = await access.signLink(mirrors, Date.now() - 1000);
  assertEquals(await access.checkLink(mirrors, old), "expired");
  assertEquals(await access.hasSession(request({ cookie: `sphttp-8080=${pass}` })), false);
  const short = new Access(TOKEN.slice(1));
  assertEquals([access.canSign, short.canSign], [true, false]);
  const weak = await short.signLink(mirrors, Date.now() + 60_000);
  assertEquals(await short.checkLink(mirrors, weak), "unsupported");
});
