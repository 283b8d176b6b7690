import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  Downloader,
  type DownloaderOptions,
  NoMirrorLeftError,
  SphttpError,
} from "../../../mod.ts";
import { bytesContent } from "../../support/lab/content.ts";
import { FILE, QUICK, withMirrors } from "../../support/download.ts";
import type { MirrorOptions } from "../../support/lab/mirror_lab.ts";

const SIZE = FILE.size;

/** Answers with a download of one mirror's file. */
async function respond(
  mirror: Partial<MirrorOptions>,
  options: DownloaderOptions,
  check: (response: Response) => void | Promise<void>,
): Promise<void> {
  await withMirrors([mirror], async (urls) => {
    await using download = new Downloader(urls, { ...QUICK, ...options });
    const response = await download.response();
    await check(response);
    if (!response.bodyUsed) await response.body?.cancel();
  });
}

function headersOf({ headers }: Response, ...names: string[]): (string | null)[] {
  return names.map((name) => headers.get(name));
}

Deno.test("Downloader.response(): the whole file is a 200 with length, type and validators", async () => {
  const type = { contentType: "video/mp4", etag: '"a"' };
  for (const range of [undefined, {}, { start: 0 }, { start: undefined, end: undefined }]) {
    await respond(type, { range }, async (response) => {
      assertEquals(response.status, 200);
      const names = ["content-length", "content-range", "content-type", "etag", "last-modified"];
      assertEquals(headersOf(response, ...names), [
        ...[`${SIZE}`, null, "video/mp4", '"a"', "Tue, 02 Jan 2024 03:04:05 GMT"],
      ]);
      assertEquals(new Uint8Array(await response.arrayBuffer()), FILE.read(0, SIZE));
    });
  }
});

Deno.test("Downloader.response(): a range is a 206 with Content-Range", async () => {
  const table: [range: DownloaderOptions["range"], start: number, end: number][] = [
    [{ start: 1000, end: 3000 }, 1000, 3000],
    [{ end: 1 }, 0, 1],
    [{ start: SIZE - 1 }, SIZE - 1, SIZE],
    [{ start: 0, end: SIZE }, 0, SIZE],
    [{ start: SIZE - 10, end: SIZE + 1000 }, SIZE - 10, SIZE],
  ];
  for (const [range, start, end] of table) {
    await respond({}, { range }, async (response) => {
      assertEquals(response.status, 206);
      assertEquals(headersOf(response, "content-length", "content-range"), [
        ...[`${end - start}`, `bytes ${start}-${end - 1}/${SIZE}`],
      ]);
      assertEquals(new Uint8Array(await response.arrayBuffer()), FILE.read(start, end));
    });
  }
});

Deno.test("Downloader.response(): a range behind the end of the file is a 416", async () => {
  await respond({}, { range: { start: SIZE } }, (response) => {
    assertEquals([response.status, response.body], [416, null]);
    assertEquals(headersOf(response, "content-range"), [`bytes */${SIZE}`]);
  });
});

Deno.test("Downloader.response(): an empty file is a 200, and no range of it is satisfiable", async () => {
  const empty = { content: bytesContent(new Uint8Array()) };
  await respond(empty, {}, async (response) => {
    assertEquals([response.status, ...headersOf(response, "content-length")], [200, "0"]);
    assertEquals(await response.text(), "");
  });
  for (const range of [{ end: 10 }, { start: 5 }]) {
    await respond(empty, { range }, (response) => {
      assertEquals([response.status, ...headersOf(response, "content-range")], [416, "bytes */0"]);
    });
  }
});

Deno.test("Downloader.response(): a file of unknown size is a 200 without a length", async () => {
  await respond({ unknownLength: "chunked" }, {}, async (response) => {
    assertEquals([response.status, ...headersOf(response, "content-length")], [200, null]);
    assertEquals(new Uint8Array(await response.arrayBuffer()), FILE.read(0, SIZE));
  });
});

Deno.test("Downloader.response(): a range of a file of unknown size is an error that says so", async () => {
  await withMirrors([{ unknownLength: "chunked" }], async (urls) => {
    const download = new Downloader(urls, { ...QUICK, range: { start: 5, end: 10 } });
    await assertRejects(() => download.response(), SphttpError, "no mirror reports it");
  });
});

Deno.test("Downloader.response() adds headers, but never a wrong length or range", async () => {
  await withMirrors([{ contentType: "text/plain" }], async (urls) => {
    const headers = {
      ...{ "content-type": "video/mp4", "cache-control": "no-store" },
      ...{ "content-length": "7", "content-range": "bytes 0-6/7" },
    };
    const names = ["content-type", "cache-control", "content-length", "content-range"];
    const whole = await new Downloader(urls, QUICK).response({ headers });
    assertEquals(headersOf(whole, ...names), ["video/mp4", "no-store", `${SIZE}`, null]);
    await whole.body?.cancel();
    const range = { start: 10, end: 20 };
    const part = await new Downloader(urls, { ...QUICK, range }).response({ headers });
    assertEquals(headersOf(part, ...names), [
      ...["video/mp4", "no-store", "10", `bytes 10-19/${SIZE}`],
    ]);
    await part.body?.cancel();
  });
});

Deno.test("Downloader.response() rejects like open(), and reads the bytes only once", async () => {
  await withMirrors([{ faults: [{ kind: "status", status: 404 }] }, {}], async ([bad, good]) => {
    await assertRejects(() => new Downloader([bad!], QUICK).response(), NoMirrorLeftError);
    const download = new Downloader([good!], QUICK);
    const response = await download.response();
    assertThrows(() => download.stream(), TypeError, "only once");
    await assertRejects(() => download.response(), TypeError, "only once");
    // Cancelling the body cancels the download.
    await response.body?.cancel(new Error("enough"));
    assertThrows(() => download.stream(), TypeError, "only once");
  });
});

Deno.test("Downloader.response(): invalid headers are an error that leaves nothing running", async () => {
  await withMirrors([{}], async (urls, [mirror]) => {
    const headers = { "no name": "value" };
    const download = new Downloader(urls, { ...QUICK, http: "http1" });
    await assertRejects(() => download.response({ headers }), TypeError);
    assertEquals(mirror?.requests.length, 0);
  });
});

Deno.test("Downloader.response() keeps every cookie of the headers", async () => {
  const headers: [string, string][] = [["set-cookie", "a=1"], ["set-cookie", "b=2"]];
  await withMirrors([{}], async (urls) => {
    const response = await new Downloader(urls, QUICK).response({ headers });
    assertEquals(response.headers.getSetCookie(), ["a=1", "b=2"]);
    await response.body?.cancel();
  });
});
