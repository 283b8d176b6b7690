import { assertEquals, assertStringIncludes } from "@std/assert";
import { createHandler, type ProxyHandler } from "../../../server.ts";
import { Access } from "../../../lib/proxy/guard/access.ts";

const TOKEN = "0123456789abcdef";
/** A mirror that is refused (403) once the request is admitted: nothing is contacted. */
const MIRROR = "http://10.0.0.1/f";
const FILE = `url=${encodeURIComponent(MIRROR)}`;

async function ask(handler: ProxyHandler, target: string, headers: HeadersInit = {}) {
  const response = await handler(new Request(`http://127.0.0.1:8080${target}`, { headers }));
  const text = await response.text();
  return { status: response.status, detail: text.startsWith("{") ? JSON.parse(text).detail : text };
}

/** The status and the words of a request that was admitted. */
async function isAdmitted(handler: ProxyHandler, target: string, headers: HeadersInit = {}) {
  const { status, detail } = await ask(handler, target, headers);
  assertEquals(status, 403, detail);
  assertStringIncludes(detail, "10.0.0.1 is a private address");
}

Deno.test("a token in the query admits to files only, and is not seen as a mirror's", async () => {
  await using handler = createHandler({ token: TOKEN });
  await isAdmitted(handler, `/proxy?${FILE}&token=${TOKEN}`);
  await isAdmitted(handler, `/proxy/film.mkv?token=${TOKEN}&${FILE}`);
  for (const path of ["/live", "/link"]) {
    assertEquals((await ask(handler, `${path}?${FILE}&token=${TOKEN}`)).status, 401, path);
  }
  assertEquals((await ask(handler, `/metrics?token=${TOKEN}`)).status, 401);
  const bearer = { authorization: `Bearer ${TOKEN}` };
  for (const path of ["/live", "/proxy"]) await isAdmitted(handler, `${path}?${FILE}`, bearer);
  assertEquals((await ask(handler, "/metrics", bearer)).status, 200);
});

Deno.test("a token that belongs to a mirror's URL is refused with a hint, never swallowed", async () => {
  const bearer = { authorization: `Bearer ${TOKEN}` };
  const table: [token: string | undefined, query: string, headers: HeadersInit, status: number][] =
    [
      [undefined, `${FILE}?x=1&token=mirrors`, {}, 400],
      [undefined, `token=mirrors&${FILE}`, {}, 400],
      [TOKEN, `${FILE}&token=mirrors`, bearer, 400],
      [TOKEN, `${FILE}&token=mirrors&token=${TOKEN}`, {}, 400],
      [TOKEN, `${FILE}&token=mirrors`, {}, 401],
      [TOKEN, `${FILE}&token=`, {}, 401],
    ];
  for (const [token, query, headers, status] of table) {
    for (const path of ["/proxy", "/live"]) {
      if (path === "/live" && query.includes(TOKEN)) continue;
      await using handler = createHandler({ token });
      const found = await ask(handler, `${path}?${query}`, headers);
      assertEquals(found.status, status, `${path} ${query}`);
      assertStringIncludes(found.detail, "%26");
      assertEquals(found.detail.includes("mirrors&"), false);
    }
  }
});

Deno.test("a signed link admits to its mirrors, until it expires", async () => {
  await using handler = createHandler({ token: TOKEN });
  const access = new Access(TOKEN);
  const pass = await access.signLink([MIRROR], Date.now() + 60_000);
  await isAdmitted(handler, `/proxy/any.name?${FILE}&pass=${pass}&download=1`);
  await isAdmitted(handler, `/live?pass=${pass}&${FILE}`);
  await isAdmitted(handler, `/proxy?host=${encodeURIComponent(MIRROR)}&pass=${pass}`);
  const refused: [target: string, status: number, says: string][] = [
    [`/proxy?${FILE}2&pass=${pass}`, 403, "not signed for these mirrors"],
    [`/proxy?${FILE}&url=http://10.0.0.2/f&pass=${pass}`, 403, "not signed for these mirrors"],
    [`/proxy?${FILE}&pass=${pass}x`, 401, "requires a token"],
    [`/link?${FILE}&pass=${pass}`, 401, "requires a token"],
    [`/metrics?pass=${pass}`, 401, "requires a token"],
    [
      `/proxy?${FILE}&pass=${await access.signLink([MIRROR], Date.now() - 1000)}`,
      403,
      "has expired",
    ],
  ];
  for (const [target, status, says] of refused) {
    const found = await ask(handler, target);
    assertEquals(found.status, status, target);
    assertStringIncludes(found.detail, says);
  }
  // The link stays good for those who have the token, and where none is required any more.
  await isAdmitted(handler, `/proxy?${FILE}2&pass=${pass}`, { authorization: `Bearer ${TOKEN}` });
  await using open = createHandler();
  await isAdmitted(open, `/proxy?${FILE}&pass=${pass}`);
  await using short = createHandler({ token: "short" });
  assertStringIncludes((await ask(short, `/proxy?${FILE}&pass=${pass}`)).detail, "no signed links");
});

Deno.test("/admission answers for a front whether a file may be handed out, without its mirrors", async () => {
  await using handler = createHandler({ token: TOKEN });
  const pass = await new Access(TOKEN).signLink([MIRROR], Date.now() + 60_000);
  const table: [query: string, headers: HeadersInit, status: number][] = [
    [FILE, {}, 401],
    [FILE, { authorization: `Bearer ${TOKEN}` }, 204],
    [FILE, { authorization: "Bearer wrong" }, 401],
    [`${FILE}&token=${TOKEN}`, {}, 204],
    [`${FILE}&token=wrong`, {}, 401],
    [`${FILE}&pass=${pass}`, {}, 204],
    [`${FILE}2&pass=${pass}`, {}, 403],
    // Without a mirror, a link is signed for nothing: a front knows no 400.
    [`pass=${pass}`, {}, 403],
    [`url=nonsense&pass=${pass}`, {}, 403],
  ];
  for (const [query, headers, status] of table) {
    assertEquals((await ask(handler, `/admission?${query}`, headers)).status, status, query);
  }
  await using open = createHandler();
  assertEquals((await ask(open, `/admission?${FILE}`)).status, 204);
});
