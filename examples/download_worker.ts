/** The worker of worker.ts: sends the next part of the file whenever it is asked for one. */

/// <reference lib="deno.worker" />
import { Downloader } from "@x/sphttp";

let parts: AsyncIterator<Uint8Array<ArrayBuffer>>;

self.onmessage = async ({ data }: MessageEvent<{ urls?: string[] }>) => {
  if (data.urls !== undefined) {
    parts = new Downloader(data.urls)[Symbol.asyncIterator]();
    return;
  }
  try {
    const { done, value } = await parts.next();
    if (done) self.postMessage({ done: true });
    else self.postMessage({ part: value }, [value.buffer]);
  } catch (error) {
    self.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
};
