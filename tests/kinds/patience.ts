/**
 * Servers that are slow to answer, pause, or break off, and bring the file in the end.
 *
 * @module
 */

import { nothing, served } from "../support/lab/odd_reply.ts";
import { BOTH, type Kind, kind } from "./kind.ts";

export const PATIENCE: readonly Kind[] = [
  kind("thinks-before-each", "0.3 s before each answer", BOTH, (ask) => served(ask).after(300), {
    maxRequests: 8,
    bytesPerSecond: 20_000_000,
    size: 2_000_000,
    proxy: true,
  }),
  kind(
    "thinks-before-the-first",
    "0.5 s before the first answer",
    BOTH,
    (ask) => served(ask).after(ask.index === 0 ? 500 : 0),
  ),
  kind(
    "pauses-in-the-body",
    "0.5 s of silence in each body",
    BOTH,
    (ask) => served(ask).pause(20_000, 500),
  ),
  kind(
    "pauses-behind-the-head",
    "0.5 s of silence behind each head",
    BOTH,
    (ask) => served(ask).pause(0, 500),
  ),
  kind("fin-in-each-body", "FIN after 100 000 bytes of each body", [18, 1], (ask) => {
    const reply = served(ask);
    return Number(reply.get("Content-Length")) > 100_000 ? reply.breakAt(100_000, "close") : reply;
  }, { proxy: true }),
  kind("reset-in-each-body", "RST after 100 000 bytes of each body", [56, 1], (ask) => {
    const reply = served(ask);
    return Number(reply.get("Content-Length")) > 100_000 ? reply.breakAt(100_000, "reset") : reply;
  }),
  kind(
    "closes-after-each",
    "Connection: close on each answer",
    BOTH,
    (ask) => served(ask).closing(),
  ),
  kind("closes-silently", "FIN behind each answer, without Connection: close", BOTH, (ask) => {
    const reply = served(ask);
    reply.end = "close";
    return reply;
  }),
  kind(
    "nothing-first",
    "closes the first connection without an answer",
    [52, "file"],
    (ask) => ask.index === 0 ? nothing("close") : served(ask),
  ),
  kind(
    "reset-first",
    "resets the first connection",
    [56, "file"],
    (ask) => ask.index === 0 ? nothing("reset") : served(ask),
  ),
];

/** As long as it takes: a mirror that nobody can replace is waited for. */
export const LONG_PATIENCE: readonly Kind[] = [
  kind("late-first-byte", "the first byte after 12 s", BOTH, (ask) => served(ask).after(12_000), {
    long: true,
  }),
  kind(
    "long-pause",
    "12 s of silence in each body",
    BOTH,
    (ask) => served(ask).pause(200_000, 12_000),
    { long: true },
  ),
];
