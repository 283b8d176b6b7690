import { assertEquals } from "@std/assert";
import { Downloader } from "../../mod.ts";

/** What Deno loads its timers for. */
const TIMERS = ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate"];

/** Calls `note` with the name of each function of the timers that is looked up until what it returns is disposed. */
function noteTimers(note: (name: string) => void): Disposable {
  const before = TIMERS.map((name) =>
    [name, Object.getOwnPropertyDescriptor(globalThis, name)!] as const
  );
  const values = TIMERS.map((name) => Reflect.get(globalThis, name));
  for (const [index, name] of TIMERS.entries()) {
    const get = () => {
      note(name);
      return values[index];
    };
    Object.defineProperty(globalThis, name, { configurable: true, get });
  }
  return {
    [Symbol.dispose]() {
      for (const [name, property] of before) Object.defineProperty(globalThis, name, property);
    },
  };
}

Deno.test("open() sends the first requests at once, and before it uses a timer", async () => {
  const urls = ["https://one.example/f", "https://two.example/f"];
  const steps: string[] = [];
  const fetch = (url: string | URL | Request) => {
    steps.push(String(url));
    return Promise.resolve(new Response("a file"));
  };
  await using download = new Downloader(urls, { fetch: fetch as typeof globalThis.fetch });
  {
    using _timers = noteTimers((name) => steps.push(name));
    const opened = download.open();
    assertEquals(steps.slice(0, 2), urls);
    await opened;
  }
});

Deno.test("a download that is not opened uses no timer", () => {
  const used: string[] = [];
  using _timers = noteTimers((name) => used.push(name));
  new Downloader(["https://one.example/f"]);
  assertEquals(used, []);
});
