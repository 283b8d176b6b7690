import { assertEquals } from "@std/assert";
import { NO_SIGNALS } from "../proxy/proxy_child.ts";
import { sendSignal } from "./send_signal.ts";

Deno.test({
  name: "sendSignal() ends a child, and does not throw if it has ended",
  ignore: NO_SIGNALS,
  fn: async () => {
    await using child = new Deno.Command("sleep", { args: ["60"] }).spawn();
    assertEquals(sendSignal(child, "SIGTERM"), true);
    assertEquals((await child.status).signal, "SIGTERM");
    assertEquals(sendSignal(child, "SIGTERM"), false);
  },
});
