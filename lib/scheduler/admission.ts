/**
 * What follows for a download when its mirrors have agreed: who is admitted, and what becomes of bytes
 * that came from a file that was voted down. Pure.
 *
 * @module
 */

import type { Download } from "./state.ts";
import type { Size } from "./messages.ts";
import type { Mirror } from "./mirror.ts";

/** A mirror has the file that was agreed on. */
export function admit(mirror: Mirror, download: Download, now: number): void {
  const spare = mirror.service === "whole";
  const message = spare ? "serves the whole file only" : "serves ranges";
  const held = spare && mirror.live.find((request) => request.held);
  if (held) download.cancel(held, "end", now);
  const others = download.mirrors.some((other) => other.servesRanges);
  const state = spare && others ? "spare" : "ready";
  download.outbox.report({ type: "mirror", mirror: mirror.url, state, message }, now);
}

/** What has come so far is not what the mirrors agreed on. Nothing of it was handed over. */
export function discard(download: Download, now: number): void {
  for (const request of [...download.requests]) {
    if (request.kind === "range") download.cancel(request, "discarded", now);
  }
  for (const mirror of download.mirrors) mirror.wastedBytes = mirror.bytes;
  download.reset();
  download.outbox.push({ type: "discard" });
}

/** What the mirrors have agreed on. */
export interface Agreed {
  readonly size: Size;
  readonly mode: "ranges" | "whole";
  /** One of those that have the file. */
  readonly mirror: Mirror;
}

/** Tells what the file is. */
export function announce({ size, mode, mirror }: Agreed, download: Download, now: number): void {
  const { outbox, mirrors } = download;
  outbox.push({ type: "open", mirror: mirrors.indexOf(mirror), size });
  outbox.report({ type: "open", size, mode }, now);
}
