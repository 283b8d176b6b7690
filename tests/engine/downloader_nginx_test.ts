import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  DelayRequestAlgorithm,
  Downloader,
  DuplicateRequestAlgorithm,
  NoMirrorLeftError,
} from "../../mod.ts";
import { testCertificates } from "../support/lab/certificates.ts";
import { randomContent } from "../support/lab/content.ts";
import { download } from "../support/download.ts";
import { startNginx } from "../support/programs/nginx.ts";
import { testWith } from "../support/programs/programs.ts";
import { workplace } from "../support/workplace.ts";

const content = randomContent(8_123_456, 21);

/** Runs with a folder that has the file `file.bin`. */
async function withRoot(run: (root: string) => Promise<void>): Promise<void> {
  using place = workplace();
  place.write("file.bin", content.read(0, content.size));
  place.write("empty.bin", new Uint8Array());
  place.write("one.bin", "x");
  await run(place.path);
}

testWith(
  ["nginx"],
  "Downloader: every algorithm gives the right file from nginx",
  () =>
    withRoot(async (root) => {
      await using nginx = await startNginx({ root });
      const urls = nginx.urls("file.bin");
      for (const delayRequest of Object.values(DelayRequestAlgorithm)) {
        for (const duplicateRequest of Object.values(DuplicateRequestAlgorithm)) {
          if (delayRequest === "adaptive" && duplicateRequest !== "nibib") continue;
          const options = { delayRequest, duplicateRequest, splitSize: 100_000 };
          const outcome = await download(urls, options);
          assertEquals([outcome.error, outcome.sha256], [undefined, content.sha256()]);
        }
      }
    }),
);

testWith(
  ["nginx"],
  "Downloader: empty and tiny files, and missing ones, from nginx",
  () =>
    withRoot(async (root) => {
      await using nginx = await startNginx({ root });
      for (const [name, size] of [["empty.bin", 0], ["one.bin", 1]] as const) {
        const outcome = await download(nginx.urls(name));
        assertEquals([outcome.error, outcome.bytes], [undefined, size]);
      }
      const { error } = await download(nginx.urls("missing.bin"));
      assertInstanceOf(error, NoMirrorLeftError);
      assertEquals((error as NoMirrorLeftError).cause.map(({ status }) => status), [404, 404, 404]);
    }),
);

testWith(
  ["nginx"],
  "Downloader: a file that nginx compresses for others comes as it is",
  () =>
    withRoot(async (root) => {
      await using nginx = await startNginx({ root, extra: "gzip on; gzip_types *;" });
      const outcome = await download(nginx.urls("file.bin"));
      assertEquals([outcome.error, outcome.sha256], [undefined, content.sha256()]);
    }),
);

for (const http of ["auto", "http1", "http2"] as const) {
  testWith(
    ["nginx"],
    `Downloader: over TLS with a private authority, http: ${http}`,
    () =>
      withRoot(async (root) => {
        const { caPem, certPem, keyPem } = await testCertificates();
        const [certFile, keyFile] = [`${root}/cert.pem`, `${root}/key.pem`];
        await Deno.writeTextFile(certFile, certPem);
        await Deno.writeTextFile(keyFile, keyPem);
        const accessLog = `${root}/access.log`;
        const tls = { certFile, keyFile, http2: true };
        await using nginx = await startNginx({ root, tls, accessLog });
        const urls = nginx.urls("file.bin");
        assert(urls.every((url) => url.startsWith("https://")));
        const outcome = await download(urls, { http, caCerts: [caPem] });
        assertEquals([outcome.error, outcome.sha256], [undefined, content.sha256()]);
        const protocols = new Set((await Deno.readTextFile(accessLog)).match(/HTTP\/\d\.\d/g));
        assertEquals([...protocols], [http === "http2" ? "HTTP/2.0" : "HTTP/1.1"]);
      }),
  );
}

testWith(
  ["nginx"],
  "Downloader: a certificate that nobody vouches for is refused",
  () =>
    withRoot(async (root) => {
      const { certPem, keyPem } = await testCertificates();
      const [certFile, keyFile] = [`${root}/cert.pem`, `${root}/key.pem`];
      await Deno.writeTextFile(certFile, certPem);
      await Deno.writeTextFile(keyFile, keyPem);
      await using nginx = await startNginx({ root, listeners: 1, tls: { certFile, keyFile } });
      await using downloader = new Downloader(nginx.urls("file.bin"), { retry: { attempts: 1 } });
      const error = await downloader.open().then(() => undefined, (error) => error);
      assertInstanceOf(error, NoMirrorLeftError);
      assertEquals((error as NoMirrorLeftError).cause[0]!.phase, "connect");
    }),
);
