import { assertEquals, assertStringIncludes } from "@std/assert";
import { main } from "../../../lib/proxy/command/main.ts";
import { testCertificates } from "../../support/lab/certificates.ts";
import { workplace } from "../../support/workplace.ts";

/** Runs the command in this process; returns its exit code and what it says. */
async function run(...args: string[]): Promise<[code: number, said: string]> {
  const { writeSync } = Deno.stderr;
  const { warn } = console;
  let said = "";
  try {
    Deno.stderr.writeSync = (bytes) => {
      said += new TextDecoder().decode(bytes);
      return bytes.byteLength;
    };
    return [await main(args), said];
  } finally {
    Deno.stderr.writeSync = writeSync;
    console.warn = warn;
  }
}

Deno.test("sphttp-proxy says which of the certificates in its arguments is invalid", async () => {
  using place = workplace();
  const { caPem } = await testCertificates();
  const good = place.write("good.pem", caPem);
  const invalid = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const bad = place.write("bad.pem", invalid);
  const [code, said] = await run("--cacert", bad);
  assertEquals(code, 2, said);
  assertStringIncludes(said, `--cacert ${bad}: invalid certificate`);
  const [other, message] = await run("--cacert", good, "--cert", place.at("no.pem"), "--key", good);
  assertEquals(other, 2, message);
  assertStringIncludes(message, "--cert");
});
