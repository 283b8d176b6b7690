import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { Downloader } from "../../mod.ts";
import { randomContent } from "../support/lab/content.ts";
import { type Manner, served } from "../support/lab/odd_reply.ts";
import { startOddServer } from "../support/lab/odd_server.ts";

const content = randomContent(20_000_000, 5);
/** Under one percent of the file. */
const ALLOWED = content.size / 100;
/** The longest range that is requested only to compare bytes. */
const CHECK = 4096;
/** An answer that is not wanted may be sent that often: it is cancelled, but some of it is on the way by then. */
const CANCELLED = 4;

const MANNERS: Readonly<Record<string, (index: number) => Manner>> = {
  "two machines": (index) => ({ etag: `"${index % 2}"` }),
  "two machines that ignore If-Range": (index) => ({ etag: `"${index % 2}"`, ifRange: "ignored" }),
  "a new ETag in each answer": (index) => ({ etag: `"${index}"` }),
  "a new ETag in each answer, ignoring If-Range": (index) => ({
    etag: `"${index}"`,
    ifRange: "ignored",
  }),
  "a 200 to each If-Range": () => ({ ifRange: "200" }),
  "a new date in each answer": (index) => ({
    etag: null,
    lastModified: new Date(Date.UTC(2024, 0, 1, 0, 0, index)).toUTCString(),
  }),
  "no validators": () => ({ etag: null, lastModified: null }),
};

for (const [name, manner] of Object.entries(MANNERS)) {
  for (const place of ["alone", "beside a good mirror"]) {
    Deno.test(`the cost of comparing bytes, ${place}: ${name}`, async () => {
      await using odd = await startOddServer({
        content,
        bytesPerSecond: 40_000_000,
        // The lone mirror is asked anew, since it breaks off.
        serve: (ask) => {
          const reply = served(ask, manner(ask.index));
          const long = Number(reply.get("Content-Length")) > 3_000_000;
          return long && place === "alone" ? reply.breakAt(3_000_000, "close") : reply;
        },
      });
      await using good = await startOddServer({
        content,
        bytesPerSecond: 20_000_000,
        serve: (ask) => served(ask),
      });
      const urls = place === "alone" ? [odd.url] : [odd.url, good.url];
      const downloader = new Downloader(urls, { retry: { minDelayMs: 10, maxDelayMs: 50 } });
      const hash = createHash("sha256");
      for await (const part of downloader) hash.update(part);
      assertEquals(hash.digest("hex"), content.sha256());
      const checks = odd.requests.filter(({ range }) =>
        range !== undefined && range.end - range.start <= CHECK
      );
      const compared = checks.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
      assert(compared < ALLOWED, `${compared} bytes were requested to be compared`);
      const whole = odd.requests.filter(({ status, headers }) =>
        status === 200 && headers["range"]
      );
      assert(whole.length <= CANCELLED, `${whole.length} whole files came instead of ranges`);
      const honoured = odd.requests.filter(({ status, headers }) =>
        status === 206 && headers["if-range"]
      );
      assert(
        whole.length <= 1 + honoured.length,
        `${whole.length} whole files came, after ${honoured.length} ranges`,
      );
      if (place !== "alone") return;
      const { wastedBytes } = downloader.stats();
      assert(wastedBytes < ALLOWED, `${wastedBytes} bytes came and were not used`);
    });
  }
}
