import { assertEquals, assertNotEquals } from "@std/assert";
import { looksSigned, Signer } from "../../../lib/proxy/guard/signer.ts";

const NOW = Date.UTC(2026, 0, 1);
const FACTS = ["https://a.example/f", "https://b.example/f"];

Deno.test("Signer: a signature is valid for its facts, purpose and secret, until its time", async () => {
  const signer = new Signer("a secret of 22 letters");
  const signature = await signer.sign("link", FACTS, NOW + 5000);
  const verify = (purpose: string, facts: unknown, text = signature, nowMs = NOW) =>
    signer.verify(purpose, facts, text, nowMs);
  assertEquals(await verify("link", FACTS), "valid");
  assertEquals(await verify("link", FACTS, signature, NOW + 4999), "valid");
  assertEquals(await verify("link", FACTS, signature, NOW + 5000), "expired");
  assertEquals(await verify("session", FACTS), "wrong");
  assertEquals(await verify("link", [...FACTS].reverse()), "wrong");
  assertEquals(await verify("link", FACTS.slice(0, 1)), "wrong");
  assertEquals(await verify("link", [...FACTS, "https://c.example/f"]), "wrong");
  const other = new Signer("a secret of 22 lettert");
  assertEquals(await other.verify("link", FACTS, signature, NOW), "wrong");
});

Deno.test("Signer: a signature that was changed in any place is wrong", async () => {
  const signer = new Signer("a secret of 22 letters");
  const signature = await signer.sign("link", FACTS, NOW + 5000);
  for (let index = 0; index < signature.length - 1; index++) {
    const changed = signature.slice(0, index) + (signature[index] === "1" ? "2" : "1") +
      signature.slice(index + 1);
    assertEquals(await signer.verify("link", FACTS, changed, 0), "wrong", changed);
  }
  const later = signature.replace(/^\d+/, (digits) => String(Number(digits) + 1));
  const odd = ["", ".", signature.slice(0, -1), `${signature}A`, ` ${signature}`, later];
  for (const text of odd) assertEquals(await signer.verify("link", FACTS, text, 0), "wrong", text);
});

Deno.test("Signer: signatures differ by secret and say nothing of it", async () => {
  const [one, two] = await Promise.all(
    ["one secret", "two secret"].map((secret) => new Signer(secret).sign("a", null, NOW)),
  );
  assertNotEquals(one, two);
  assertEquals([one, two].map((text) => looksSigned(text!)), [true, true]);
  assertEquals(looksSigned("0123456789abcdef"), false);
});
