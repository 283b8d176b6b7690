/**
 * Executes the scheduler's commands that are about requests, their bodies, and what has arrived. Those about
 * the download itself are the driver's.
 *
 * @module
 */

import type { SchedulerCommand } from "../../scheduler/messages.ts";
import type { Transport } from "../../transport/transport.ts";
import type { DeliveryWindow } from "../delivery/delivery_window.ts";
import type { RequestRunner } from "./request_runner.ts";

export interface ExecutorOptions {
  readonly runner: RequestRunner;
  readonly transport: Transport;
  readonly window: DeliveryWindow;
}

/** A command about requests. */
export type RequestCommand = Exclude<
  SchedulerCommand,
  { type: "open" | "discard" | "report" | "finish" | "fail" }
>;

export class CommandExecutor {
  readonly #options: ExecutorOptions;

  constructor(options: ExecutorOptions) {
    this.#options = options;
  }

  execute(command: RequestCommand): void {
    const { runner, transport, window } = this.#options;
    switch (command.type) {
      case "start":
        return runner.start(command);
      case "cancel":
        runner.cancel(command.request);
        return window.wake();
      case "read":
        return runner.read(command.request, command.to);
      case "reconnect":
        return transport.reconnect();
      case "accept":
        return runner.accept(command.request);
      case "resume":
        return runner.resume(command.request);
      case "distrust":
        return transport.distrust(command.mirror);
      case "forget":
        return window.drop(command.from);
    }
  }
}
