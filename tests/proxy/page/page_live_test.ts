import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import type { Page } from "playwright-core";
import type { LiveBlock, LiveDownload } from "../../../lib/proxy/observe/live_message.ts";
import { makeLink, MIRRORS, withMock } from "../../support/proxy/mock_proxy.ts";
import { testWith } from "../../support/programs/programs.ts";

/** Colors of the first three mirrors in page.css. */
const LIGHT = ["#1e53b1", "#f28e0f", "#17bca0"];
const DARK = ["#4d7bd6", "#d9860f", "#6fd08c"];

/** A download of a file of 64 blocks, 30 of them delivered. */
function download(changes: Partial<LiveDownload> = {}): LiveDownload {
  const mirror = { state: "busy", bytesPerSecond: 0, bytes: 0, failures: 0 } as const;
  return {
    ...{ id: 7, start: 0, end: 64_000_000, size: 64_000_000, blockSize: 1_000_000 },
    ...{ front: 30_000_000, buffered: 3_200_000, elapsedMs: 4200, bytesPerSecond: 26_000_000 },
    outcome: "running",
    perMirror: [
      { ...mirror, bytesPerSecond: 18_000_000, bytes: 20_000_000 },
      { ...mirror, bytesPerSecond: 8_000_000, bytes: 12_000_000 },
      { ...mirror, state: "dropped", failures: 3 },
    ],
    ...changes,
  };
}

/** The first 30 blocks from the first two mirrors in turn, and three ahead of the front. */
function someBlocks(): LiveBlock[] {
  const blocks: LiveBlock[] = [];
  for (let index = 0; index < 30; index++) blocks.push([7, index, index % 3 === 2 ? 1 : 0]);
  return [...blocks, [7, 40, 1], [7, 41, 1], [7, 42, 1]];
}

/** Returns how many pixels of a canvas have each of the colors, once it is drawn. */
function countPixels(page: Page, id: string, colors: readonly string[]): Promise<number[]> {
  return page.evaluate(async ({ id, colors }) => {
    // Runs in the page, whose types Deno lacks.
    // deno-lint-ignore no-explicit-any
    const window = globalThis as any;
    const frame = () => new Promise((resolve) => window.requestAnimationFrame(resolve));
    await frame();
    await frame();
    const { width, height } = window.document.getElementById(id);
    // From a copy: Chromium warns about repeated reads of a canvas that is drawn on.
    const copy = Object.assign(window.document.createElement("canvas"), { width, height });
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(window.document.getElementById(id), 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const counts = new Map(colors.map((color) => [color, 0]));
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] !== 255) continue;
      const parts = [data[at], data[at + 1], data[at + 2]] as number[];
      const color = `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
      if (counts.has(color)) counts.set(color, counts.get(color)! + 1);
    }
    return colors.map((color) => counts.get(color)!);
  }, { id, colors });
}

testWith(["chromium"], "page: shows downloads live", async (t) => {
  await withMock(async (page, proxy) => {
    const pulse = page.locator("#status");
    await makeLink(page, "https://a.example/f");
    await pulse.getByText("Waiting").waitFor();
    assertEquals(await page.locator("#picture").isVisible(), false);

    await t.step("the map has the mirrors' colors", async () => {
      proxy.tell({ mirrors: MIRRORS, downloads: [download()], blocks: someBlocks() });
      await pulse.getByText("Downloading").waitFor();
      const [first, second, third] = await countPixels(page, "map", LIGHT);
      assert(second! > 500, `${second}`);
      assertEquals(Math.round(first! / second! * 5) / 5, 2);
      assertEquals(third, 0);
    });

    await t.step("figures and table show the rates", async () => {
      const figures = await page.locator(".figures dd").allTextContents();
      assertEquals(figures, ["26.0 MB/s", "30.0 MB of 64.0 MB", "3.20 MB", "4.2 s"]);
      const rows = await page.locator("#legend tr").allInnerTexts();
      assertEquals(rows.map((row) => row.trim().split(/\s*[\n\t]\s*/)), [
        ["a.example", "busy", "63 %", "18.0 MB/s"],
        ["b.example:8080", "busy", "38 %", "8.00 MB/s"],
        ["c.example", "dropped, 3 failures", "0 %", "–"],
      ]);
      assertEquals(await page.locator("#total-rate").textContent(), "26.0 MB/s");
      const label = await page.locator("#chart").getAttribute("aria-label");
      assertMatch(label!, /a\.example 18\.0 MB\/s, b\.example:8080 8\.00 MB\/s/);
    });

    await t.step("later blocks are added", async () => {
      const [before] = await countPixels(page, "map", LIGHT);
      const later = download({ front: 36_000_000, elapsedMs: 4500 });
      const blocks = [30, 31, 32, 33, 34, 35].map((index): LiveBlock => [7, index, 2]);
      proxy.tell({ mirrors: MIRRORS, downloads: [later], blocks });
      await page.getByText("36.0 MB of 64.0 MB").waitFor();
      const [after, , third] = await countPixels(page, "map", LIGHT);
      // The mark no longer covers part of the block before it.
      assert(Math.abs(after! - before!) < 100, `${before} ${after}`);
      assert(third! > 500, `${third}`);
    });

    await t.step("a download that the player left becomes a bar", async () => {
      const old = download({ outcome: "cancelled", front: 36_000_000 });
      const next = download({ id: 8, start: 50_000_000, front: 51_000_000, elapsedMs: 400 });
      proxy.tell({ mirrors: MIRRORS, downloads: [old, next], blocks: [[8, 0, 1]] });
      await page.getByText("0 B to 64.0 MB, stopped by the player, 4.2 s").waitFor();
      const [first, second] = await countPixels(page, "map", LIGHT);
      assertEquals(first, 0);
      assert(second! > 200, `${second}`);
      proxy.tell({ mirrors: MIRRORS, downloads: [{ ...next, elapsedMs: 700 }], blocks: [] });
      await page.getByText("0.7 s").waitFor();
      assertEquals(await page.locator("#others li").count(), 1);
    });

    await t.step("dark mode has other colors", async () => {
      const ground = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
      const light = await ground();
      await page.emulateMedia({ colorScheme: "dark" });
      assertNotEquals(await ground(), light);
      const [, second] = await countPixels(page, "map", DARK);
      assert(second! > 200, `${second}`);
      assertEquals(await countPixels(page, "map", LIGHT), [0, 0, 0]);
      await page.emulateMedia({ colorScheme: "light" });
    });

    await t.step("a phone needs no horizontal scrolling", async () => {
      await page.setViewportSize({ width: 360, height: 740 });
      const width = await page.evaluate("document.documentElement.scrollWidth");
      assertEquals(width, 360);
    });

    await t.step("a lost connection is shown and reconnects", async () => {
      proxy.leave();
      await pulse.getByText("The proxy is gone").waitFor();
      proxy.comeBack();
      proxy.tell({ mirrors: MIRRORS, downloads: [download()], blocks: someBlocks() });
      await pulse.getByText("Downloading").waitFor();
      assertEquals(await page.locator("#others li").count(), 0);
    });

    await t.step("the outcome is shown", async () => {
      const ended = download({
        outcome: "complete",
        front: 64_000_000,
        bytesPerSecond: 0,
        elapsedMs: 5000,
      });
      proxy.tell({ mirrors: MIRRORS, downloads: [ended], blocks: [] });
      await pulse.getByText("Complete").waitFor();
      assertEquals(await page.locator("#rate").textContent(), "12.8 MB/s");
      assertEquals(await page.locator("#rate-name").textContent(), "Average rate");
    });
  });
});
