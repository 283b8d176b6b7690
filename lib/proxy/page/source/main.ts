/**
 * The script of the page. Its form turns mirror URLs into a link, and stores the URLs in the browser
 * unless they contain a credential.
 *
 * @module
 */

import { element, make } from "./dom.ts";
import { explain, isSecret, makeLink, parseMirrors } from "./link.ts";
import { initLiveView, unwatch, watch } from "./live.ts";
import { hideLink, initResult, showLink } from "./result.ts";

const STORAGE_KEY = "sphttp.urls";

const form = element("form", HTMLFormElement);
const urls = element("urls", HTMLTextAreaElement);
const errors = element("urls-errors", HTMLElement);
const delay = element("delay", HTMLSelectElement);
const save = element("save", HTMLInputElement);
const token = element("token", HTMLInputElement);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
urls.addEventListener("input", () => {
  // Errors stay until they are corrected; no new ones appear while typing.
  if (urls.ariaInvalid !== null && parseMirrors(urls.value).wrong.length === 0) showErrors([]);
});
urls.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  form.requestSubmit();
});
element("clear", HTMLButtonElement).addEventListener("click", () => {
  urls.value = "";
  showErrors([]);
  withStorage((storage) => storage.removeItem(STORAGE_KEY));
  urls.focus();
});
urls.value = withStorage((storage) => storage.getItem(STORAGE_KEY)) ?? "";
token.value = new URLSearchParams(location.search).get("token") ?? "";
initResult();
initLiveView();

function submit(): void {
  const { mirrors: [first, ...others], wrong } = parseMirrors(urls.value);
  if (wrong[0] !== undefined || first === undefined) {
    showErrors(wrong.length > 0 ? wrong.map(explain) : ["Enter at least one mirror URL."]);
    hideLink();
    unwatch();
    urls.focus();
    if (wrong[0]) urls.setSelectionRange(wrong[0].offset, wrong[0].offset + wrong[0].length);
    return;
  }
  showErrors([]);
  const mirrors = [first, ...others] as const;
  const hasSecret = mirrors.some(isSecret);
  if (!hasSecret) withStorage((storage) => storage.setItem(STORAGE_KEY, mirrors.join("\n")));
  const options = { delay: delay.value, save: save.checked, token: token.value };
  const link = makeLink(location.origin, mirrors, options);
  showLink(link, hasSecret || token.value !== "");
  watch(link.query);
}

function showErrors(messages: readonly string[]): void {
  errors.replaceChildren(...messages.map((message) => make("li", {}, message)));
  urls.ariaInvalid = messages.length > 0 ? "true" : null;
}

/** Uses the browser's storage. Returns `undefined` if the browser denies access to it. */
function withStorage<Result>(use: (storage: Storage) => Result): Result | undefined {
  try {
    return use(localStorage);
  } catch {
    return undefined;
  }
}
