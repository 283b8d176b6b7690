import { assert, assertEquals } from "@std/assert";
import { createHandler } from "../../server.ts";
import { withPage } from "../support/programs/browser.ts";
import { bytesContent } from "../support/lab/content.ts";
import { withMirrors } from "../support/download.ts";
import { runProgram, testWith } from "../support/programs/programs.ts";
import { workplace } from "../support/workplace.ts";

const SECONDS = 60;
/** Where the player seeks to, in seconds. */
const SEEK = 50;

/** Reports whether a position in the file is where the seek leads, or somewhat before; the index is at its end. */
function isLate(start: number, size: number): boolean {
  return start > size / 2 && start < 0.95 * size;
}

/** Creates a seekable film in a format that Debian's Chromium plays. */
async function makeFilm(): Promise<Uint8Array> {
  using place = workplace();
  const file = place.at("film.webm");
  await runProgram("ffmpeg", [
    ...["-v", "error", "-f", "lavfi", "-i", `testsrc2=size=320x180:rate=15:duration=${SECONDS}`],
    ...["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "400k", "-g", "15"],
    // The encoder's threads wait for one another in busy loops: on a busy machine several take ten times as long as one.
    ...["-threads", "1"],
    file,
  ]);
  return await Deno.readFile(file);
}

/** Passes the first `length` bytes of a body on, and the rest once `released`. */
function holdBack(
  body: ReadableStream<Uint8Array>,
  length: number,
  released: Promise<void>,
): ReadableStream<Uint8Array> {
  let passed = 0;
  return body.pipeThrough(
    new TransformStream({
      async transform(chunk, controller) {
        passed += chunk.byteLength;
        if (passed > length) await released;
        controller.enqueue(chunk);
      },
    }),
  );
}

/** Scripts for the page, with a function that waits until something holds after an event of the player. */
const UNTIL = `const video = document.querySelector("video");
  const until = (name, holds) => new Promise((resolve, reject) => {
    video.addEventListener("error", () => reject(new Error(video.error.message)));
    setTimeout(() => reject(new Error(name + " did not come")), 60_000);
    const look = () => holds() && resolve();
    video.addEventListener(name, look);
    look();
  });`;

testWith(
  ["chromium", "ffmpeg"],
  "the page plays a film from two mirrors, seeks in it, and shows the share of each mirror",
  async () => {
    const film = await makeFilm();
    assert(film.byteLength > 1_000_000, `${film.byteLength} bytes`);
    const content = bytesContent(film);
    const mirror = { content, path: "/film.webm", contentType: "video/webm", bytesPerSecond: 2e6 };
    await withMirrors([mirror, mirror], async (urls, mirrors) => {
      const starts: number[] = [];
      const seek = Promise.withResolvers<void>();
      let isSeeking = false;
      await using handler = createHandler({ allowPrivate: true });
      await using server = Deno.serve(
        { hostname: "127.0.0.1", port: 0, onListen() {} },
        async (request, info) => {
          const response = await handler(request, info);
          const { pathname } = new URL(request.url);
          if (pathname !== "/proxy/film.webm" || request.method !== "GET") return response;
          const start = Number(/^bytes=(\d+)-/.exec(request.headers.get("range") ?? "")?.[1] ?? 0);
          starts.push(start);
          // The player cannot have what it seeks to: it has to request it.
          const isSought = isSeeking && isLate(start, film.byteLength);
          if (isSought) seek.resolve();
          if (isSought || start > 0 || response.body === null) return response;
          return new Response(
            holdBack(response.body, film.byteLength / 4, seek.promise),
            response,
          );
        },
      );
      await withPage(`http://127.0.0.1:${server.addr.port}/`, async (page) => {
        await page.getByLabel("Mirror URLs, one per line").fill(urls.join("\n"));
        await page.getByRole("button", { name: "Create link" }).click();
        await page.getByRole("button", { name: "Play here" }).click();
        await page.locator("video").waitFor();
        const [duration, played, width] = await page.evaluate(`(async () => {
          ${UNTIL}
          video.muted = true;
          await until("loadedmetadata", () => video.readyState > 0);
          await video.play();
          await until("timeupdate", () => video.currentTime > 0.2);
          return [video.duration, video.currentTime, video.videoWidth];
        })()`) as [number, number, number];
        assertEquals([Math.round(duration), width], [SECONDS, 320]);
        const before = starts.length;
        isSeeking = true;
        const seeked = await page.evaluate(`(async () => {
          ${UNTIL}
          video.currentTime = ${SEEK};
          await until("seeked", () => !video.seeking && video.readyState >= 2);
          await until("timeupdate", () => video.currentTime > ${SEEK} + 0.2);
          return video.currentTime;
        })()`) as number;
        assert(played > 0.2 && seeked > SEEK + 0.2, `${played} ${seeked}`);
        const sought = starts.slice(before);
        assert(sought.some((start) => isLate(start, film.byteLength)), `${starts}`);
        // The live map shows the downloads.
        await page.locator("#picture").waitFor({ state: "visible" });
      }).finally(seek.resolve);
      assert(mirrors.every(({ requests }) => requests.length > 0));
    });
  },
);
