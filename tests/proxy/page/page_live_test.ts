import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { makeLink, MIRRORS, type State, withMock } from "../../support/proxy/mock_proxy.ts";
import { testWith } from "../../support/programs/programs.ts";

/** As page.html has them for the first three mirrors. */
const LIGHT = ["#1e53b1", "#f28e0f", "#17bca0"];
const DARK = ["#4d7bd6", "#d9860f", "#6fd08c"];

/** A download of a file of 64 blocks, 30 of them delivered, as `/live` tells of it. */
function download(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const mirror = { state: "busy", rate: 0, bytes: 0, failures: 0 };
  return {
    ...{ id: 7, start: 0, end: 64_000_000, size: 64_000_000, blockSize: 1_000_000 },
    ...{ front: 30_000_000, buffered: 3_200_000, seconds: 4.2, rate: 26_000_000 },
    outcome: "running",
    perMirror: [
      { ...mirror, rate: 18_000_000, bytes: 20_000_000 },
      { ...mirror, rate: 8_000_000, bytes: 12_000_000 },
      { ...mirror, state: "dropped", failures: 3 },
    ],
    ...changes,
  };
}

/** The first 30 blocks by the first two mirrors in turn, and three that wait for their turn. */
function someBlocks(): State["blocks"] {
  const blocks: State["blocks"] = [];
  for (let index = 0; index < 30; index++) blocks.push([7, index, index % 3 === 2 ? 1 : 0]);
  return [...blocks, [7, 40, 1], [7, 41, 1], [7, 42, 1]];
}

/** How many pixels of a canvas have each of the colours, once it is drawn. */
function countPixels(page: Page, id: string, colours: readonly string[]): Promise<number[]> {
  return page.evaluate(async ({ id, colours }) => {
    // Runs in the page, whose types are not those of Deno.
    // deno-lint-ignore no-explicit-any
    const window = globalThis as any;
    const frame = () => new Promise((resolve) => window.requestAnimationFrame(resolve));
    await frame();
    await frame();
    const { width, height } = window.document.getElementById(id);
    // Read from a copy: Chromium complains when what is drawn on is read again and again.
    const copy = Object.assign(window.document.createElement("canvas"), { width, height });
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(window.document.getElementById(id), 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const counts = new Map(colours.map((colour) => [colour, 0]));
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] !== 255) continue;
      const parts = [data[at], data[at + 1], data[at + 2]] as number[];
      const colour = `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
      if (counts.has(colour)) counts.set(colour, counts.get(colour)! + 1);
    }
    return colours.map((colour) => counts.get(colour)!);
  }, { id, colours });
}

testWith(["chromium"], "the page shows downloads live", async (t) => {
  await withMock(async (page, proxy) => {
    const pulse = page.locator("#pulse");
    await makeLink(page, "https://a.example/f");
    await pulse.getByText("Waiting").waitFor();
    assertEquals(await page.locator("#picture").isVisible(), false);

    await t.step("the map is painted in the mirrors' colours", async () => {
      proxy.tell({ mirrors: MIRRORS, downloads: [download()], blocks: someBlocks() });
      await pulse.getByText("Downloading").waitFor();
      const [first, second, third] = await countPixels(page, "map", LIGHT);
      assert(second! > 500, `${second}`);
      assertEquals(Math.round(first! / second! * 5) / 5, 2);
      assertEquals(third, 0);
    });

    await t.step("figures and legend tell the rates", async () => {
      const figures = await page.locator(".figures dd").allTextContents();
      assertEquals(figures, ["26.0 MB/s", "30.0 MB of 64.0 MB", "3.20 MB", "4.2 s"]);
      const rows = await page.locator("#legend tr").allInnerTexts();
      assertEquals(rows.map((row) => row.trim().split(/\s*[\n\t]\s*/)), [
        ["a.example", "busy", "63 %", "18.0 MB/s"],
        ["b.example:8080", "busy", "38 %", "8.00 MB/s"],
        ["c.example", "lost, 3 failures", "0 %", "–"],
      ]);
      assertEquals(await page.locator("#total-rate").textContent(), "26.0 MB/s");
      const label = await page.locator("#chart").getAttribute("aria-label");
      assertMatch(label!, /a\.example 18\.0 MB\/s, b\.example:8080 8\.00 MB\/s/);
    });

    await t.step("blocks that come later are added", async () => {
      const [before] = await countPixels(page, "map", LIGHT);
      const later = download({ front: 36_000_000, seconds: 4.5 });
      const blocks = [30, 31, 32, 33, 34, 35].map((index) => [7, index, 2]) as State["blocks"];
      proxy.tell({ mirrors: MIRRORS, downloads: [later], blocks });
      await page.getByText("36.0 MB of 64.0 MB").waitFor();
      const [after, , third] = await countPixels(page, "map", LIGHT);
      // The mark is not drawn into the block before it any more.
      assert(Math.abs(after! - before!) < 100, `${before} ${after}`);
      assert(third! > 500, `${third}`);
    });

    await t.step("what the player left becomes a strip", async () => {
      const old = download({ outcome: "cancelled", front: 36_000_000 });
      const next = download({ id: 8, start: 50_000_000, front: 51_000_000, seconds: 0.4 });
      proxy.tell({ mirrors: MIRRORS, downloads: [old, next], blocks: [[8, 0, 1]] });
      await page.getByText("0 B to 64.0 MB, stopped by the player, 4.2 s").waitFor();
      const [first, second] = await countPixels(page, "map", LIGHT);
      assertEquals(first, 0);
      assert(second! > 200, `${second}`);
      proxy.tell({ mirrors: MIRRORS, downloads: [{ ...next, seconds: 0.7 }], blocks: [] });
      await page.getByText("0.7 s").waitFor();
      assertEquals(await page.locator("#others li").count(), 1);
    });

    await t.step("dark mode has its own colours", async () => {
      const ground = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
      const light = await ground();
      await page.emulateMedia({ colorScheme: "dark" });
      assertNotEquals(await ground(), light);
      const [, second] = await countPixels(page, "map", DARK);
      assert(second! > 200, `${second}`);
      assertEquals(await countPixels(page, "map", LIGHT), [0, 0, 0]);
      await page.emulateMedia({ colorScheme: "light" });
    });

    await t.step("on a phone nothing sticks out", async () => {
      await page.setViewportSize({ width: 360, height: 740 });
      const width = await page.evaluate("document.documentElement.scrollWidth");
      assertEquals(width, 360);
    });

    await t.step("it says when the server is gone, and comes back by itself", async () => {
      proxy.leave();
      await pulse.getByText("The server is gone").waitFor();
      proxy.comeBack();
      proxy.tell({ mirrors: MIRRORS, downloads: [download()], blocks: someBlocks() });
      await pulse.getByText("Downloading").waitFor();
      assertEquals(await page.locator("#others li").count(), 0);
    });

    await t.step("it says how a download ended", async () => {
      const ended = download({ outcome: "complete", front: 64_000_000, rate: 0, seconds: 5 });
      proxy.tell({ mirrors: MIRRORS, downloads: [ended], blocks: [] });
      await pulse.getByText("Complete").waitFor();
      assertEquals(await page.locator("#rate").textContent(), "12.8 MB/s");
      assertEquals(await page.locator("#rate-name").textContent(), "Average rate");
    });
  });
});
