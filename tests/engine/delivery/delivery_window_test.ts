import { assert, assertEquals } from "@std/assert";
import { DeliveryWindow } from "../../../lib/engine/delivery/delivery_window.ts";

const { signal } = new AbortController();

function filled(offset: number, bytes: number): DeliveryWindow {
  const window = new DeliveryWindow(0, 1000);
  window.open();
  window.write(offset, new Uint8Array(bytes), Infinity);
  return window;
}

Deno.test("DeliveryWindow.room() is what the window has room for", () => {
  assertEquals(filled(0, 400).room(signal), 600);
});

Deno.test("DeliveryWindow.room() waits for a consumer that has something to take", async () => {
  const window = filled(0, 1000);
  const room = window.room(signal);
  assert(room instanceof Promise);
  window.read();
  assertEquals(await room, 1000);
});

Deno.test("DeliveryWindow.room() lets in what is missing at the front, however much is held", () => {
  for (const bytes of [999, 1000, 5000]) {
    const room = filled(10, bytes).room(signal);
    assert(typeof room === "number" && room > 0, `${bytes} bytes held`);
  }
});
