import { assertEquals, assertNotEquals, assertStrictEquals } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { opensslPath, testCertificates } from "./certificates.ts";

const opensslMissing = opensslPath() === undefined;
if (opensslMissing) console.log("openssl is not installed: its tests are skipped");

Deno.test("testCertificates() makes a CA and a leaf of it", { ignore: opensslMissing }, () => {
  const certificates = testCertificates();
  const ca = new X509Certificate(certificates.caPem);
  const leaf = new X509Certificate(certificates.certPem);
  assertEquals(ca.subject, "CN=sphttp test CA");
  assertEquals(leaf.issuer, ca.subject);
  assertNotEquals(leaf.subject, ca.subject);
  assertEquals(certificates.keyPem.includes("PRIVATE KEY"), true);
  assertStrictEquals(testCertificates(), certificates);
});
