import { assertEquals, assertMatch } from "@std/assert";
import { createHandler, type ProxyHandler } from "../../../server.ts";

const TOKEN = "0123456789abcdef";
const BEARER = { authorization: `Bearer ${TOKEN}` };

function ask(handler: ProxyHandler, path: string, init: RequestInit = {}): Promise<Response> {
  return handler(new Request(`http://127.0.0.1:8080${path}`, init));
}

Deno.test("/session exchanges the token for a cookie, which admits to everything", async () => {
  await using handler = createHandler({ token: TOKEN });
  const before = await ask(handler, "/session");
  assertEquals(before.headers.get("cache-control"), "no-store");
  assertEquals(await before.json(), { required: true, admitted: false });
  for (const headers of [{}, { authorization: "Bearer wrong" }]) {
    const wrong = await ask(handler, "/session", { method: "POST", headers });
    assertEquals([wrong.status, wrong.headers.get("set-cookie")], [401, null]);
    await wrong.body?.cancel();
  }
  const right = await ask(handler, "/session", { method: "POST", headers: BEARER });
  assertEquals([right.status, right.body], [204, null]);
  const cookie = right.headers.get("set-cookie")!;
  assertMatch(cookie, /; HttpOnly; SameSite=Strict/);
  const headers = { cookie: cookie.split(";")[0]! };
  const after = await ask(handler, "/session", { headers });
  assertEquals(await after.json(), { required: true, admitted: true });
  const metrics = await ask(handler, "/metrics", { headers });
  assertEquals(metrics.status, 200);
  await metrics.body?.cancel();
  const out = await ask(handler, "/session", { method: "DELETE", headers });
  assertMatch(out.headers.get("set-cookie")!, /^sphttp-8080=; Max-Age=0;/);
});

Deno.test("/session of a proxy without a token needs nothing", async () => {
  await using handler = createHandler();
  assertEquals(await (await ask(handler, "/session")).json(), { required: false, admitted: true });
  const posted = await ask(handler, "/session", { method: "POST" });
  assertEquals([posted.status, posted.headers.get("set-cookie")], [204, null]);
  const put = await ask(handler, "/session", { method: "PUT" });
  assertEquals([put.status, put.headers.get("allow")], [405, "GET, HEAD, POST, DELETE"]);
  await put.body?.cancel();
});

Deno.test("/link signs what the query names, for those who are admitted", async () => {
  const query = "url=http%3A%2F%2F10.0.0.1%2Ff";
  await using handler = createHandler({ token: TOKEN });
  const stranger = await ask(handler, `/link?${query}`);
  assertEquals(stranger.status, 401);
  await stranger.body?.cancel();
  const { pass, expires } = await (await ask(handler, `/link?${query}`, { headers: BEARER }))
    .json();
  const ahead = Date.parse(expires) - Date.now();
  assertEquals(ahead > 23 * 3_600_000 && ahead < 25 * 3_600_000, true);
  // Admitted, and refused for the private address.
  assertEquals((await ask(handler, `/proxy?${query}&pass=${pass}`)).status, 403);
  const bad = await ask(handler, "/link?url=nonsense", { headers: BEARER });
  assertEquals(bad.status, 400);
  await bad.body?.cancel();
  await using open = createHandler();
  assertEquals(await (await ask(open, `/link?${query}`)).json(), { pass: null });
  await using short = createHandler({ token: "short" });
  const headers = { authorization: "Bearer short" };
  assertEquals(await (await ask(short, `/link?${query}`, { headers })).json(), { pass: null });
});
