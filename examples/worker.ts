/**
 * Downloads in a worker, so that a busy main thread does not slow it down. Parts are moved, not copied; the
 * worker waits while the main thread has not asked for more.
 *
 *     deno run --allow-net --allow-read --allow-write examples/worker.ts FILE URL URL…
 */

/** What the worker in download_worker.ts sends. */
export type WorkerMessage =
  | { readonly part: Uint8Array<ArrayBuffer> }
  | { readonly done: true }
  | { readonly error: string };

/** Returns the bytes of a file, which a worker downloads. */
export function streamFromWorker(urls: string[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  const worker = new Worker(new URL("./download_worker.ts", import.meta.url), { type: "module" });
  worker.postMessage({ urls });
  return new ReadableStream({
    pull(controller) {
      return new Promise((resolve) => {
        worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
          if ("part" in data) controller.enqueue(data.part);
          else {
            if ("error" in data) controller.error(new Error(data.error));
            else controller.close();
            worker.terminate();
          }
          resolve();
        };
        worker.postMessage({ next: true });
      });
    },
    cancel: () => worker.terminate(),
  }, { highWaterMark: 0 });
}

if (import.meta.main) {
  const [path = "file", ...urls] = Deno.args;
  await Deno.writeFile(path, streamFromWorker(urls));
}
