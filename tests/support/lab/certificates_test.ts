import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { testCertificates } from "./certificates.ts";

Deno.test("testCertificates() returns a CA and a leaf that it signed", async () => {
  const certificates = await testCertificates();
  const ca = new X509Certificate(certificates.caPem);
  const leaf = new X509Certificate(certificates.certPem);
  assertEquals([ca.subject, leaf.issuer], ["CN=sphttp test CA", "CN=sphttp test CA"]);
  assertEquals([leaf.subject, leaf.subjectAltName], [
    "CN=localhost",
    "DNS:localhost, IP Address:127.0.0.1",
  ]);
  assertEquals([ca.ca, leaf.ca], [true, false]);
  assertEquals(createPrivateKey(certificates.keyPem).asymmetricKeyType, "ec");
  assert(Date.parse(leaf.validTo) > Date.now());
  assertStrictEquals(await testCertificates(), certificates);
});
