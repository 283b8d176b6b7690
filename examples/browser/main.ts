/** The script of index.html: downloads a file in the page, and hands it to the browser to save. */

/// <reference lib="dom" />
import { Downloader } from "@x/sphttp";

const form = document.querySelector("form")!;
const [bar, text] = [document.querySelector("progress")!, document.querySelector("output")!];

form.onsubmit = async (event) => {
  event.preventDefault();
  const urls = String(new FormData(form).get("urls")).trim().split(/\s+/);
  // Servers of other origins have to allow this page (CORS), and to expose Content-Range and ETag.
  const download = new Downloader(urls);
  const timer = setInterval(() => {
    const { size, consumedBytes, bytesPerSecond } = download.stats();
    bar.value = consumedBytes / (size ?? Infinity);
    text.value = `${(bytesPerSecond / 1e6).toFixed(1)} MB/s`;
  }, 200);
  try {
    const blob = await (await download.response()).blob();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = new URL(urls[0]!).pathname.split("/").at(-1) || "download";
    link.click();
    bar.value = 1;
    text.value = `${blob.size} bytes`;
  } catch (error) {
    text.value = String(error);
  } finally {
    clearInterval(timer);
  }
};
