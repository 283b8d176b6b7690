import { assertEquals, assertRejects } from "@std/assert";
import { opensslPath, testCertificates } from "./certificates.ts";
import { randomContent } from "../lab/content.ts";
import { nginxPath, startNginx } from "./nginx.ts";

const nginxMissing = nginxPath() === undefined;
const tlsMissing = nginxMissing || opensslPath() === undefined;
if (nginxMissing) console.log("nginx is not installed: its tests are skipped");
else if (tlsMissing) console.log("openssl is not installed: the tests of HTTPS are skipped");

const content = randomContent(200_000);

/** A directory with the test file in it. */
function served(): { path: string } & Disposable {
  const path = Deno.makeTempDirSync({ prefix: "sphttp-served-" });
  Deno.writeFileSync(`${path}/file.bin`, content.read(0, content.size));
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

Deno.test("startNginx() serves ranges on every listener", { ignore: nginxMissing }, async () => {
  using root = served();
  const accessLog = `${root.path}/access.log`;
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

Deno.test("startNginx() takes more directives", { ignore: nginxMissing }, async () => {
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

Deno.test("startNginx() says why it did not start", { ignore: nginxMissing }, async () => {
  const start = startNginx({ root: "/tmp", extra: "no_such_directive;" });
  await assertRejects(() => start, Error, "no_such_directive");
});

for (const http2 of [false, true]) {
  const name = `startNginx() with test certificates is trusted over ${http2 ? "HTTP/2" : "HTTPS"}`;
  Deno.test(name, { ignore: tlsMissing }, async () => {
    using root = served();
    const { caPem, certPem, keyPem } = testCertificates();
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
