import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { readClientCertificate } from "../../../../lib/cli/arguments/credentials/client_certificate.ts";
import { CommandError } from "../../../../lib/command_line/command_error.ts";
import { certificatesFor, testCertificates } from "../../../support/lab/certificates.ts";
import { programPath, testWith } from "../../../support/programs/programs.ts";
import { workplace } from "../../../support/workplace.ts";

async function withFiles(
  files: Readonly<Record<string, string>>,
  work: (path: (name: string) => string) => Promise<void>,
): Promise<void> {
  using place = workplace();
  for (const [name, text] of Object.entries(files)) place.write(name, text);
  await work(place.at);
}

async function refusal(cert: string | undefined, key: string | undefined): Promise<string> {
  const error = await assertRejects(() => readClientCertificate({ cert, key }), CommandError);
  assertEquals((error as CommandError).exitCode, 2);
  return (error as CommandError).message;
}

Deno.test("readClientCertificate() reads two files, or one that has both", async () => {
  const { certPem, keyPem } = await certificatesFor("client.example");
  const both = `${keyPem}\n${certPem}`;
  await withFiles({ cert: certPem, key: keyPem, both }, async (path) => {
    assertEquals(await readClientCertificate({ cert: undefined, key: undefined }), undefined);
    assertEquals(await readClientCertificate({ cert: path("cert"), key: path("key") }), {
      cert: certPem,
      key: keyPem,
    });
    assertEquals(await readClientCertificate({ cert: path("both"), key: undefined }), {
      cert: both,
      key: both,
    });
  });
});

Deno.test("readClientCertificate() says what is wrong", async () => {
  const { certPem, keyPem } = await certificatesFor("client.example");
  const other = await testCertificates();
  const encrypted = keyPem.replaceAll("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
  const legacy = keyPem.replace("-----\n", "-----\nProc-Type: 4,ENCRYPTED\n");
  const broken = certPem.replace(/^MI.{8}/m, "MIIBIIIIII");
  const files = {
    ...{ cert: certPem, key: keyPem, encrypted, legacy, broken, text: "hello" },
    der: "0\x82\x01\x02",
    other: other.keyPem,
  };
  await withFiles(files, async (path) => {
    const [cert, key] = [path("cert"), path("key")];
    const rows = [
      [undefined, key, "--key needs --cert"],
      [path("nosuch"), key, "no such file"],
      [path("text"), key, "no certificate in PEM format"],
      [path("der"), key, "openssl pkcs12"],
      [cert, undefined, "there is no private key in it; use --key FILE"],
      [cert, path("text"), "no private key in PEM format"],
      [cert, path("encrypted"), "the key is encrypted"],
      [cert, path("legacy"), "the key is encrypted"],
      [path("broken"), key, "--cert and --key: invalid, or not of each other"],
    ] as const;
    for (const [one, two, says] of rows) assertStringIncludes(await refusal(one, two), says);
    assertStringIncludes(await refusal(cert, path("other")), "not of each other");
  });
});

testWith(["openssl"], "readClientCertificate() recognizes what openssl writes", async () => {
  await withFiles({}, async (path) => {
    const openssl = async (...args: string[]) => {
      const command = new Deno.Command(programPath("openssl"), { args, stderr: "null" });
      assertEquals((await command.output()).success, true, args.join(" "));
    };
    const [cert, key] = [path("cert"), path("key")];
    const subject = ["-subj", "/CN=client", "-days", "2", "-out", cert];
    for (const kind of [["rsa:2048"], ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]]) {
      await openssl("req", "-x509", "-newkey", ...kind, "-noenc", "-keyout", key, ...subject);
      assertEquals(typeof (await readClientCertificate({ cert, key }))?.cert, "string");
      const [old, secret, bundle] = [path("old"), path("secret"), path("bundle.p12")];
      await openssl("pkey", "-traditional", "-in", key, "-out", old);
      assertEquals(typeof (await readClientCertificate({ cert, key: old }))?.key, "string");
      await openssl("pkey", "-aes128", "-passout", "pass:x", "-in", key, "-out", secret);
      assertStringIncludes(await refusal(cert, secret), "the key is encrypted");
      const traditional = ["-traditional", "-aes128", "-passout", "pass:x"];
      await openssl("pkey", ...traditional, "-in", key, "-out", secret);
      assertStringIncludes(await refusal(cert, secret), "the key is encrypted");
      const export_ = ["-export", "-inkey", key, "-in", cert, "-passout", "pass:x"];
      await openssl("pkcs12", ...export_, "-out", bundle);
      assertStringIncludes(await refusal(bundle, undefined), "openssl pkcs12");
    }
  });
});
