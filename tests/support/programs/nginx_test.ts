import { assertEquals, assertRejects } from "@std/assert";
import { testCertificates } from "../lab/certificates.ts";
import { randomContent } from "../lab/content.ts";
import { type Workplace, workplace } from "../workplace.ts";
import { startNginx } from "./nginx.ts";
import { testWith } from "./programs.ts";

const content = randomContent(200_000);

/** A directory with the test file in it. */
function served(): Workplace {
  const place = workplace();
  place.write("file.bin", content.read(0, content.size));
  return place;
}

testWith(["nginx"], "startNginx() serves ranges on every listener", async () => {
  using root = served();
  const accessLog = root.at("access.log");
  await using nginx = await startNginx({ root: root.path, listeners: 2, accessLog });
  using client = Deno.createHttpClient({});
  const urls = nginx.urls("file.bin");
  assertEquals(new Set(urls).size, 2);
  for (const url of urls) {
    const response = await fetch(url, { client, headers: { range: "bytes=1000-1999" } });
    assertEquals(response.status, 206);
    assertEquals(await response.bytes(), content.read(1000, 2000));
  }
  await nginx.close();
  assertEquals(Deno.readTextFileSync(accessLog).trim().split("\n").length, 2);
});

testWith(["nginx"], "startNginx() accepts more directives", async () => {
  using root = served();
  const extra = "max_ranges 0; add_header X-Lab yes;";
  await using nginx = await startNginx({ root: root.path, listeners: 1, extra });
  using client = Deno.createHttpClient({});
  for (const url of nginx.urls("file.bin")) {
    const response = await fetch(url, { client, headers: { range: "bytes=0-9" } });
    await response.body?.cancel();
    assertEquals([response.status, response.headers.get("x-lab")], [200, "yes"]);
  }
});

testWith(["nginx"], "startNginx() reports why nginx did not start", async () => {
  const start = startNginx({ root: "/tmp", extra: "no_such_directive;" });
  await assertRejects(() => start, Error, "no_such_directive");
});

for (const http2 of [false, true]) {
  const name = `startNginx() with test certificates is trusted over ${http2 ? "HTTP/2" : "HTTPS"}`;
  testWith(["nginx"], name, async () => {
    using root = served();
    const { caPem, certPem, keyPem } = await testCertificates();
    const tls = { certFile: `${root.path}/cert.pem`, keyFile: `${root.path}/key.pem`, http2 };
    Deno.writeTextFileSync(tls.certFile, certPem);
    Deno.writeTextFileSync(tls.keyFile, keyPem);
    await using nginx = await startNginx({
      root: root.path,
      listeners: 1,
      tls,
      extra: "add_header X-Protocol $server_protocol;",
    });
    using client = Deno.createHttpClient({ caCerts: [caPem], http1: !http2, http2 });
    for (const url of nginx.urls("file.bin")) {
      for (const host of ["127.0.0.1", "localhost"]) {
        const response = await fetch(url.replace("127.0.0.1", host), { client });
        assertEquals(await response.bytes(), content.read(0, content.size));
        assertEquals(response.headers.get("x-protocol"), http2 ? "HTTP/2.0" : "HTTP/1.1");
      }
    }
  });
}
