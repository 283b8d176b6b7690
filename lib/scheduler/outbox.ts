/**
 * Gathers a scheduler's commands until its driver takes them.
 *
 * @module
 */

import type { TraceEvent } from "../trace/events.ts";
import type { Command } from "./messages.ts";

/** A trace event to which the time has yet to be added. */
export type Unstamped<Event> = Event extends TraceEvent ? Omit<Event, "seconds">
  : never;

const NOTHING: readonly Command[] = [];

/** The commands that have been given, but not yet taken. */
export class Outbox {
  #commands: Command[] = [];
  /** What trace events count their time from, in milliseconds. */
  startedAt = 0;

  /** Gives a command. */
  push(command: Command): void {
    this.#commands.push(command);
  }

  /** Reports what happened at `now`. */
  report(event: Unstamped<TraceEvent>, now: number): void {
    const seconds = (now - this.startedAt) / 1000;
    this.push({ type: "report", event: { ...event, seconds } });
  }

  /** Takes the commands. */
  take(): readonly Command[] {
    if (this.#commands.length === 0) return NOTHING;
    const commands = this.#commands;
    this.#commands = [];
    return commands;
  }
}
