/**
 * An algorithm of one's own: which of the blocks that nobody has requested yet does a free mirror take? A slow
 * mirror should take a later one, so that it has arrived when its turn comes.
 *
 *     deno run --allow-net examples/delay_algorithm.ts URL URL…
 */

import { type DelayRequest, Downloader } from "@x/sphttp";

/**
 * Each mirror skips as many blocks as the others will deliver before its own arrives: twice the rate takes a block
 * twice as far ahead. `usage` is the share of the blocks that a mirror has delivered so far.
 */
export const byShare: DelayRequest = ({ mirror, mirrors, left }) => {
  if (mirror.usage === 0) return mirror.requests === 0 ? 0 : left - 1;
  const others = mirrors.reduce((sum, { usage }) => sum + usage, 0) - mirror.usage;
  return Math.min(left - 1, Math.round(others / mirror.usage));
};

/** Returns the order in which the blocks arrive, to compare algorithms. */
export async function arrivals(urls: string[], delayRequest: DelayRequest): Promise<number[]> {
  const order: number[] = [];
  const download = new Downloader(urls, {
    delayRequest,
    splitSize: 100_000,
    onEvent: (event) => {
      if (event.type === "receive") order.push(event.block);
    },
  });
  for await (const _part of download);
  return order;
}

if (import.meta.main) console.log((await arrivals(Deno.args, byShare)).join(" "));
