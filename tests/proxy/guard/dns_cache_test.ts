import { assert, assertEquals, assertRejects } from "@std/assert";
import { AddressPolicy } from "../../../lib/proxy/guard/address_policy.ts";
import { Problem } from "../../../lib/proxy/problem.ts";
import { policyOf } from "../../support/proxy/named_hosts.ts";

Deno.test("AddressPolicy.check(): a name that cannot be resolved is not a refusal", async () => {
  const { policy } = policyOf();
  for (const host of ["gone.example", "none.example"]) {
    const error = await assertRejects(
      () => policy.check(new URL(`http://${host}/`)),
      Error,
      `${host} cannot be resolved: `,
    );
    assert(!(error instanceof Problem));
    assert((error as Error).cause instanceof Error);
  }
});

Deno.test("AddressPolicy.check() caches the addresses of a name for 30 seconds", async () => {
  let now = 0;
  const { policy, asked } = policyOf({ now: () => now });
  const check = () => policy.check(new URL("http://one.example/"));
  await Promise.all([check(), check()]);
  now = 29_999;
  await check();
  assertEquals(asked.length, 1);
  now = 30_000;
  await check();
  assertEquals(asked.length, 2);
});

Deno.test("AddressPolicy.check() caches a failure for 5 seconds", async () => {
  let now = 0;
  const { policy, asked } = policyOf({ now: () => now });
  const check = () => policy.check(new URL("http://gone.example/"));
  await assertRejects(check);
  now = 4999;
  await assertRejects(check);
  assertEquals(asked.length, 1);
  now = 5000;
  await assertRejects(check);
  assertEquals(asked.length, 2);
});

Deno.test("AddressPolicy.check() caches the last 1000 names", async () => {
  let lookups = 0;
  const resolve = () => (lookups++, Promise.resolve(["1.1.1.1"]));
  const policy = new AddressPolicy({ resolve, now: () => 0 });
  const check = (name: number) => policy.check(new URL(`http://n${name}.example/`));
  for (let name = 0; name <= 1000; name++) await check(name);
  assertEquals(lookups, 1001);
  for (let name = 1; name <= 1000; name++) await check(name);
  assertEquals(lookups, 1001);
  await check(0);
  assertEquals(lookups, 1002);
});

Deno.test("AddressPolicy.check() rejects when the signal aborts", async () => {
  const answer = Promise.withResolvers<string[]>();
  const policy = new AddressPolicy({ resolve: () => answer.promise });
  const url = new URL("http://one.example/");
  const before = new Error("before");
  assertEquals(await policy.check(url, AbortSignal.abort(before)).catch((error) => error), before);
  const controller = new AbortController();
  const during = policy.check(url, controller.signal);
  const other = policy.check(url, new AbortController().signal);
  controller.abort(new Error("during"));
  await assertRejects(() => during, Error, "during");
  answer.resolve(["1.1.1.1"]);
  await other;
});

Deno.test("AddressPolicy.check() resolves names as fetch does", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(),
  );
  const url = new URL(`http://localhost:${server.addr.port}/`);
  const policy = new AddressPolicy({ allowHosts: ["127.0.0.0/8", "::1"] });
  await policy.check(url);
  await (await fetch(url)).body?.cancel();
  const error = await assertRejects(
    () => new AddressPolicy().check(new URL("http://gone.invalid/")),
    Error,
    "gone.invalid cannot be resolved",
  );
  assert(!(error instanceof Problem));
});
