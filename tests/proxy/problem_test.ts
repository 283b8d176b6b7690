import { filePolicy } from "../../lib/proxy/answer/headers.ts";
import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { problemResponse } from "../../lib/proxy/answer/problem_response.ts";
import { asProblem, Problem } from "../../lib/proxy/problem.ts";

Deno.test("Problem has the status's phrase as its title", () => {
  const table = [
    [400, "Bad Request"],
    [403, "Forbidden"],
    [404, "Not Found"],
    [405, "Method Not Allowed"],
    [412, "Precondition Failed"],
    [414, "URI Too Long"],
    [416, "Range Not Satisfiable"],
    [500, "Internal Server Error"],
    [502, "Bad Gateway"],
    [503, "Service Unavailable"],
    [599, "Error"],
  ] as const;
  for (const [status, title] of table) assertEquals(new Problem(status, "").title, title);
});

Deno.test("Problem is an error with a cause for the log", () => {
  const cause = new TypeError("inner");
  const problem = new Problem(502, "no mirror answered", { cause });
  assertInstanceOf(problem, Error);
  assertEquals([problem.name, problem.message], ["Problem", "no mirror answered"]);
  assertStrictEquals(problem.cause, cause);
});

Deno.test("problemResponse() returns a problem document", async () => {
  const problem = new Problem(503, "4 downloads are under way", {
    headers: { "retry-after": "2" },
  });
  const response = problemResponse(problem, "GET");
  const text = await response.text();
  assertEquals(JSON.parse(text), {
    type: "about:blank",
    title: "Service Unavailable",
    status: 503,
    detail: "4 downloads are under way",
  });
  assertEquals(response.status, 503);
  assertEquals(Object.fromEntries(response.headers), {
    "cache-control": "no-store",
    "content-length": `${text.length}`,
    "content-security-policy": filePolicy("application/problem+json"),
    "referrer-policy": "no-referrer",
    "content-type": "application/problem+json",
    "retry-after": "2",
    "x-content-type-options": "nosniff",
  });
});

Deno.test("problemResponse() for a HEAD has the same headers and no body", async () => {
  const problem = new Problem(404, "there is nothing at /näh");
  const get = problemResponse(problem, "GET");
  const head = problemResponse(problem, "HEAD");
  assertEquals([...head.headers], [...get.headers]);
  assertEquals(head.status, 404);
  assertEquals(await head.text(), "");
  assertEquals((await get.bytes()).byteLength, Number(get.headers.get("content-length")));
});

Deno.test("problemResponse() shows extensions, which cannot replace standard members", async () => {
  const mirrors = [{ url: "http://a/f", reason: "timeout" }];
  const extensions = { mirrors, status: 200, type: "https://evil.example/" };
  const problem = new Problem(502, "no mirror answered", { extensions });
  assertEquals(await problemResponse(problem, "GET").json(), {
    type: "about:blank",
    title: "Bad Gateway",
    status: 502,
    detail: "no mirror answered",
    mirrors,
  });
});

Deno.test("problemResponse() removes credentials from every text", async () => {
  const problem = new Problem(502, "https://me:hunter2@a.example/f and http://hunter2@b/ failed", {
    extensions: { mirrors: [{ url: "http://me:hunter2@a/f?x=a@b", reason: "no" }] },
    cause: new Error("hunter2"),
  });
  const text = await problemResponse(problem, "GET").text();
  assertEquals(text.includes("hunter2"), false, text);
  assertEquals(JSON.parse(text).detail, "https://a.example/f and http://b/ failed");
  assertEquals(JSON.parse(text).mirrors[0].url, "http://a/f?x=a@b");
});

Deno.test("asProblem() reveals nothing of other errors", async () => {
  const cause = new Error("ENOENT /etc/secret");
  const problem = asProblem(cause);
  assertEquals(problem.status, 500);
  assertStrictEquals(problem.cause, cause);
  const text = await problemResponse(problem, "GET").text();
  assertEquals([text.includes("secret"), text.includes("problem.ts")], [false, false], text);
  const own = new Problem(400, "no mirror was given");
  assertStrictEquals(asProblem(own), own);
});
