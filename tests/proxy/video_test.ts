import { assert, assertEquals } from "@std/assert";
import { createHandler } from "../../server.ts";
import { withPage } from "../support/programs/browser.ts";
import { bytesContent } from "../support/lab/content.ts";
import { withMirrors } from "../support/download.ts";
import { runProgram, testWith } from "../support/programs/programs.ts";
import { workplace } from "../support/workplace.ts";

const SECONDS = 60;

/** Creates a seekable film in a format that Debian's Chromium plays. */
async function makeFilm(): Promise<Uint8Array> {
  using place = workplace();
  const file = place.at("film.webm");
  await runProgram("ffmpeg", [
    ...["-v", "error", "-f", "lavfi", "-i", `testsrc2=size=320x180:rate=15:duration=${SECONDS}`],
    ...["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "400k", "-g", "15"],
    file,
  ]);
  return await Deno.readFile(file);
}

testWith(
  ["chromium", "ffmpeg"],
  "the page plays a film from two mirrors, seeks in it, and shows the share of each mirror",
  async () => {
    const film = await makeFilm();
    assert(film.byteLength > 1_000_000, `${film.byteLength} bytes`);
    const content = bytesContent(film);
    const mirror = { content, path: "/film.webm", contentType: "video/webm", bytesPerSecond: 2e5 };
    await withMirrors([mirror, mirror], async (urls, mirrors) => {
      const ranges: (string | null)[] = [];
      const handler = createHandler({ allowPrivate: true });
      await using server = Deno.serve(
        { hostname: "127.0.0.1", port: 0, onListen() {} },
        (request, info) => {
          const { pathname } = new URL(request.url);
          if (pathname === "/proxy/film.webm") ranges.push(request.headers.get("range"));
          return handler(request, info);
        },
      );
      await withPage(`http://127.0.0.1:${server.addr.port}/`, async (page) => {
        await page.getByLabel("Mirror URLs, one per line").fill(urls.join("\n"));
        await page.getByRole("button", { name: "Create link" }).click();
        await page.getByRole("button", { name: "Play here" }).click();
        await page.locator("video").waitFor();
        const [duration, played, seeked, width] = await page.evaluate(`(async () => {
        const video = document.querySelector("video");
        const until = (name, holds) => new Promise((resolve, reject) => {
          video.addEventListener("error", () => reject(new Error(video.error.message)));
          const look = () => holds() && resolve();
          video.addEventListener(name, look);
          look();
        });
        video.muted = true;
        await until("loadedmetadata", () => video.readyState > 0);
        await video.play();
        await until("timeupdate", () => video.currentTime > 0.2);
        const played = video.currentTime;
        video.currentTime = 50;
        await until("seeked", () => !video.seeking && video.readyState >= 2);
        await until("timeupdate", () => video.currentTime > 50.2);
        return [video.duration, played, video.currentTime, video.videoWidth];
      })()`) as [number, number, number, number];
        assertEquals([Math.round(duration), width], [SECONDS, 320]);
        assert(played > 0.2 && seeked > 50.2, `${played} ${seeked}`);
        // The live map shows the downloads.
        await page.locator("#picture").waitFor({ state: "visible" });
      });
      assert(ranges.some((range) => range !== null && range !== "bytes=0-"), `${ranges}`);
      assert(mirrors.every(({ requests }) => requests.length > 0));
    });
  },
);
