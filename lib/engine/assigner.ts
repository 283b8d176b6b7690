/**
 * Gives work to whoever is free: it carries out what the planner plans. Pure.
 *
 * @module
 */

import type { Download } from "./download.ts";
import type { Interval } from "./interval_set.ts";
import type { Mirror } from "./mirror.ts";
import { type Plan, plan, planFront, type PlannerOptions, unitSize } from "./planner.ts";
import type { LiveRequest } from "./requests.ts";

/** What work is given by. */
export interface AssignerOptions extends PlannerOptions {
  /** Whether a mirror whose block was asked for again is closed. */
  readonly closeBadConnections: boolean;
}

/** Gives work to mirrors. */
export class Assigner {
  readonly #download: Download;
  readonly #options: AssignerOptions;

  constructor(download: Download, options: AssignerOptions) {
    this.#download = download;
    this.#options = options;
  }

  /** Gives work to every mirror that is free. */
  assign(now: number): void {
    const { mirrors, ledger } = this.#download;
    if (mirrors.every(({ state }) => state.type === "busy")) return;
    const ranged = mirrors.filter((mirror) => mirror.servesRanges);
    if (ranged.length === 0) return this.#assignWhole(now);
    ledger.unitSize = unitSize(ranged, this.#options);
    for (const mirror of ranged) {
      if (mirror.state.type !== "idle") continue;
      this.#execute(plan(mirror, this.#download, this.#options), mirror, now);
    }
    if (!ledger.hasFree || ranged.some(isAtWork)) return;
    // Those that were sent home come back when nobody is left at work.
    const home = ranged.filter(({ state }) => state.type === "retired");
    const reserve = home.length > 0 ? home : ranged.filter(({ state }) => state.type === "closed");
    for (const mirror of reserve) {
      mirror.state = { type: "idle" };
      this.#execute(planFront(this.#download, this.#options), mirror, now);
    }
  }

  /** No mirror can do ranges: one of the others serves the whole file. */
  #assignWhole(now: number): void {
    const { mirrors, requests, size } = this.#download;
    if (requests.whole !== undefined) return;
    const mirror = mirrors.find(({ state, service }) =>
      state.type === "idle" && service === "whole"
    );
    if (mirror === undefined) return;
    this.#download.send({ mirror, kind: "whole", start: 0, end: size ?? Infinity }, now);
  }

  #execute(next: Plan, mirror: Mirror, now: number): void {
    switch (next.type) {
      case "wait":
        return;
      case "retire":
        mirror.state = { type: "retired" };
        return this.#report(mirror, "retired", "too slow to help with what is left", now);
      case "ask":
        return this.#ask(mirror, next.range, false, now);
      case "duplicate":
        mirror.duplicates++;
        this.#ask(mirror, next.range, true, now);
        if (this.#options.closeBadConnections) this.#close(next.late, now);
    }
  }

  #ask(mirror: Mirror, { start, end }: Interval, duplicate: boolean, now: number): void {
    const { ledger, outbox, received } = this.#download;
    const request = this.#download.send({ mirror, kind: "range", start, end }, now);
    mirror.previous = received;
    mirror.requests++;
    const facts = { mirror: mirror.url, request: request.id, start, end, duplicate };
    for (let block = ledger.blockOf(start); block <= ledger.blockOf(end - 1); block++) {
      outbox.report({ type: "send", block, ...facts }, now);
    }
  }

  #close(request: LiveRequest, now: number): void {
    this.#download.cancel(request, now);
    request.mirror.state = { type: "closed" };
    this.#report(request.mirror, "closed", "held up the front", now);
  }

  #report(mirror: Mirror, state: "retired" | "closed", message: string, now: number): void {
    this.#download.outbox.report({ type: "mirror", mirror: mirror.url, state, message }, now);
  }
}

function isAtWork({ state }: Mirror): boolean {
  return state.type === "idle" || state.type === "busy";
}
