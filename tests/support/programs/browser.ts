/**
 * Opens pages in headless Chromium, by playwright-core, which comes without a browser.
 *
 * @module
 */

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import {
  type Browser,
  type BrowserContextOptions,
  type BrowserServer,
  chromium,
  type Page,
} from "playwright-core";
import { programPath } from "./programs.ts";

/** Options of {@linkcode withPage}. */
export interface PageOptions extends BrowserContextOptions {
  /** Maximum time of the function, in milliseconds, without the start of the browser. @default 300_000 */
  timeoutMs?: number;
}

/** Maximum time of the start, in milliseconds; on a busy machine it takes ten seconds. */
const START_TIMEOUT_MS = 60_000;
/** Maximum time of one step on a page, in milliseconds; on a busy machine some take more than twenty seconds. */
const STEP_TIMEOUT_MS = 90_000;

/** The variable with the address of a browser that tests share. */
export const BROWSER_VARIABLE = "SPHTTP_TEST_BROWSER";

const LAUNCH = {
  timeout: START_TIMEOUT_MS,
  // Signals are handled by the test runner.
  handleSIGINT: false,
  handleSIGTERM: false,
  handleSIGHUP: false,
} as const;

/** Starts a browser for several processes, which find it by {@linkcode BROWSER_VARIABLE}. */
export async function serveBrowser(): Promise<BrowserServer> {
  return await chromium.launchServer({ ...LAUNCH, executablePath: programPath("chromium") });
}

/** A browser, and the end of the connections to it. */
interface OpenBrowser {
  readonly browser: Browser;
  /** Closes the browser, or the connection to a shared one. */
  close(): Promise<void>;
}

/**
 * Connects to a shared browser. playwright does not wait for the end of the connection when it closes one, for which
 * it keeps a timer: that is a leak of the test if the browser is busy.
 */
async function connectBrowser(address: string): Promise<OpenBrowser> {
  const sockets: Promise<void>[] = [];
  const notice = (message: unknown) => {
    const { socket } = message as { readonly socket: Socket };
    sockets.push(new Promise((resolve) => socket.once("close", () => resolve())));
  };
  subscribe("net.client.socket", notice);
  try {
    const browser = await chromium.connect(address, { timeout: START_TIMEOUT_MS });
    const close = async () => {
      await browser.close();
      await Promise.all(sockets);
    };
    return { browser, close };
  } finally {
    unsubscribe("net.client.socket", notice);
  }
}

async function openBrowser(): Promise<OpenBrowser> {
  const shared = Deno.env.get(BROWSER_VARIABLE);
  if (shared !== undefined) return await connectBrowser(shared);
  const browser = await chromium.launch({ ...LAUNCH, executablePath: programPath("chromium") });
  return { browser, close: () => browser.close() };
}

/**
 * Runs a function with a page in a browser, with cookies and storage of its own, and closes it afterwards. Starting a
 * browser takes seconds: a run of all tests shares one.
 *
 * @throws {Error} if Chromium is not installed, or the function throws or takes too long
 */
export async function withPage<Result>(
  url: string | URL,
  use: (page: Page) => Promise<Result>,
  options: PageOptions = {},
): Promise<Result> {
  const { timeoutMs = 300_000, ...context } = options;
  const { browser, close } = await openBrowser();
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const page = await browser.newPage(context);
    page.setDefaultTimeout(STEP_TIMEOUT_MS);
    const late = new Promise<never>((_, reject) => {
      const error = new Error(`The page was used for more than ${timeoutMs} ms`);
      timer = setTimeout(() => reject(error), timeoutMs);
    });
    const used = page.goto(String(url)).then(() => use(page));
    return await Promise.race([used, late]);
  } finally {
    clearTimeout(timer);
    await close();
  }
}
