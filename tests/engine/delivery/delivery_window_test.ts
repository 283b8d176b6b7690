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

/** A window whose first byte was read, and its time, which may be set. */
function readWindow(windowSize = 1024 * 1024): { window: DeliveryWindow; time: { now: number } } {
  const time = { now: 100 };
  const window = new DeliveryWindow(0, windowSize, { now: () => time.now });
  window.open();
  window.write(0, new Uint8Array(1), Infinity);
  assertEquals(window.read()?.byteLength, 1);
  return { window, time };
}

Deno.test("DeliveryWindow: few bytes are gathered for a moment, and then wake the consumer", async () => {
  const { window, time } = readWindow();
  window.write(1, new Uint8Array(1000), Infinity);
  assertEquals(window.read(), undefined);
  const changed = window.changed();
  window.write(1001, new Uint8Array(1000), Infinity);
  await changed;
  time.now += 4;
  assertEquals(window.read()?.byteLength, 2000);
});

Deno.test("DeliveryWindow: many bytes, and the last ones, do not wait", () => {
  const { window } = readWindow();
  window.write(1, new Uint8Array(64 * 1024), Infinity);
  assertEquals(window.read()?.byteLength, 64 * 1024);
  window.write(1 + 64 * 1024, new Uint8Array(1), Infinity);
  assertEquals(window.read(), undefined);
  window.close();
  assertEquals(window.read()?.byteLength, 1);
});

Deno.test("DeliveryWindow: in a small window, fewer bytes are many", () => {
  const { window } = readWindow(16 * 1024);
  window.write(1, new Uint8Array(1024), Infinity);
  assertEquals(window.read()?.byteLength, 1024);
});

Deno.test("DeliveryWindow.chunkSize is a part of the window, and no less than 64 or 128 KiB in all but tiny ones", () => {
  const KIB = 1024;
  const sizes = [100, 320, 384, 767, 768, 2048, 4096, 32_768].map((windowKib) =>
    new DeliveryWindow(0, windowKib * KIB).chunkSize / KIB
  );
  assertEquals(sizes, [16, 20, 64, 64, 128, 128, 256, 512]);
});
