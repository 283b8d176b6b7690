import { assertEquals, assertRejects } from "@std/assert";
import { download } from "../support/download.ts";
import { openInsecureFetch, OptionTypeError } from "../../mod.ts";
import { testCertificates } from "../support/lab/certificates.ts";

Deno.test("openInsecureFetch() refuses what needs the platform's TLS", async () => {
  await assertRejects(() => openInsecureFetch({ http: "http2" }), OptionTypeError, "http is http2");
  const proxy = "https://user:secret@proxy.example";
  const error = await assertRejects(
    () => openInsecureFetch({ proxy }),
    OptionTypeError,
    "proxy is",
  );
  assertEquals(error.message.includes("secret"), false);
});

Deno.test("openInsecureFetch() connects where rules lead, and a download verifies nothing", async () => {
  const { certPem: cert, keyPem: key } = await testCertificates();
  await using server = Deno.serve(
    { cert, key, port: 0, hostname: "127.0.0.1", onListen() {} },
    (request) => new Response(request.headers.get("host")),
  );
  const host = `name.test:${server.addr.port}`;
  using insecure = await openInsecureFetch({ connect: { resolve: { [host]: "127.0.0.1" } } });
  const { error, bytes } = await download([`https://${host}/f`], { fetch: insecure.fetch });
  assertEquals([error, bytes], [undefined, host.length]);
});
