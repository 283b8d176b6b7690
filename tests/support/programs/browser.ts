/**
 * A real Chromium without a window, for tests of pages: Debian's package, driven by playwright-core, which brings no
 * browser of its own. A page is used by one function, and all is closed when that ends, whichever way.
 *
 * @module
 */

import { type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { programPath } from "./programs.ts";

/** What a page is opened with. */
export interface PageOptions extends BrowserContextOptions {
  /** How long the function may take, the browser's start not counted, in milliseconds. @default 120_000 */
  timeoutMs?: number;
}

/** How long the browser may take to start, in milliseconds; on a busy machine it takes ten seconds. */
const START_TIMEOUT_MS = 60_000;
/** How long one step on a page may take, in milliseconds. */
const STEP_TIMEOUT_MS = 20_000;

/**
 * Opens a page in a new browser for the time that a function takes.
 *
 * @throws {Error} when there is no Chromium, the function throws, or it takes too long
 */
export async function withPage<Result>(
  url: string | URL,
  use: (page: Page) => Promise<Result>,
  options: PageOptions = {},
): Promise<Result> {
  const { timeoutMs = 120_000, ...context } = options;
  const browser = await chromium.launch({
    executablePath: programPath("chromium"),
    timeout: START_TIMEOUT_MS,
    // Signals are for the test runner.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
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
    await browser.close();
  }
}
