import { assertEquals, assertStringIncludes } from "@std/assert";
import { main } from "../../../lib/proxy/command/main.ts";
import { testCertificates } from "../../support/lab/certificates.ts";
import { workplace } from "../../support/workplace.ts";

/** Runs the command in this process; returns its exit code and what it writes. */
async function run(...args: string[]): Promise<[code: number, written: string]> {
  const streams = [Deno.stdout, Deno.stderr];
  const own = streams.map(({ writeSync }) => writeSync);
  const { warn } = console;
  let written = "";
  try {
    for (const stream of streams) {
      stream.writeSync = (bytes) => {
        written += new TextDecoder().decode(bytes);
        return bytes.byteLength;
      };
    }
    return [await main(args), written];
  } finally {
    for (const [index, stream] of streams.entries()) stream.writeSync = own[index]!;
    console.warn = warn;
  }
}

Deno.test("sphttp-proxy link --help says what the link is good for", async () => {
  const [code, written] = await run("link", "--help");
  assertEquals(code, 0);
  assertStringIncludes(written, "sphttp-proxy link");
});

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
