/**
 * The buttons that copy a text of the page.
 *
 * @module
 */

import { announce, element, make } from "./dom.ts";

/** How long a button shows the outcome, in milliseconds. */
const OUTCOME_MS = 2000;

/** Sets up the buttons, which name the element to copy in `data-copies`. */
export function initCopyButtons(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-copies]")) {
    const source = element(button.dataset.copies ?? "", HTMLElement);
    let timer: number | undefined;
    button.addEventListener("click", async () => {
      const text = source instanceof HTMLInputElement ? source.value : source.textContent ?? "";
      const copied = await copy(text);
      button.textContent = copied ? "Copied" : "Failed";
      announce(copied ? "Copied." : "The browser did not allow copying.");
      clearTimeout(timer);
      timer = setTimeout(() => button.textContent = "Copy", OUTCOME_MS);
    });
  }
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // There is no clipboard without HTTPS, except on localhost.
    return copySelection(text);
  }
}

function copySelection(text: string): boolean {
  const focused = document.activeElement;
  const field = make("textarea", { value: text, className: "unseen", readOnly: true });
  document.body.append(field);
  field.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    field.remove();
    if (focused instanceof HTMLElement) focused.focus();
  }
}
