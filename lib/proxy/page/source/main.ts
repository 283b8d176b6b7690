/**
 * The script of the page. Its form turns mirror URLs into a link, and stores the URLs in the browser
 * unless they contain a credential.
 *
 * @module
 */

import { element, make } from "./dom.ts";
import { explain, isSecret, makeLink, parseMirrors, withPass } from "./link.ts";
import { initLiveView, unwatch, watch } from "./live.ts";
import { hideLink, initResult, showLink } from "./result.ts";
import { readSession, type Session, signIn, signLink, signOut } from "./session.ts";

const STORAGE_KEY = "sphttp.urls";

const form = element("form", HTMLFormElement);
const urls = element("urls", HTMLTextAreaElement);
const errors = element("urls-errors", HTMLElement);
const delay = element("delay", HTMLSelectElement);
const save = element("save", HTMLInputElement);
const token = element("token", HTMLInputElement);
const tokenErrors = element("token-errors", HTMLElement);

let session: Session = { required: false, admitted: true };
/** Counts submissions: an answer to an earlier one comes too late. */
let submissions = 0;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void submit();
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
element("sign-out", HTMLButtonElement).addEventListener("click", async () => {
  await signOut();
  hideLink();
  unwatch();
  showSession(await readSession());
});
const sessionStarted = startSession();
initResult();
initLiveView();

/** Signs in with the token in the page's address, if there is one, and removes it from there. */
async function startSession(): Promise<void> {
  const params = new URLSearchParams(location.search);
  const given = params.get("token");
  if (given !== null) {
    params.delete("token");
    const rest = params.size === 0 ? "" : `?${params}`;
    history.replaceState(null, "", `${location.pathname}${rest}${location.hash}`);
    await signIn(given);
  }
  showSession(await readSession());
}

function showSession(shown: Session): void {
  session = shown;
  element("sign-in", HTMLElement).hidden = !session.required || session.admitted;
  element("signed-in", HTMLElement).hidden = !session.required || !session.admitted;
}

async function submit(): Promise<void> {
  const own = ++submissions;
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
  form.ariaBusy = "true";
  await submitMirrors([first, ...others], () => own === submissions);
  if (own === submissions) form.ariaBusy = null;
}

/** Shows the link to these mirrors, unless another one was submitted meanwhile. */
async function submitMirrors(
  mirrors: readonly [string, ...string[]],
  isCurrent: () => boolean,
): Promise<void> {
  await sessionStarted;
  if (!await isAdmitted() || !isCurrent()) return;
  const hasSecret = mirrors.some(isSecret);
  if (!hasSecret) withStorage((storage) => storage.setItem(STORAGE_KEY, mirrors.join("\n")));
  const link = makeLink(location.origin, mirrors, { delay: delay.value, save: save.checked });
  const pass = session.required ? await signLink(link.query) : undefined;
  if (!isCurrent()) return;
  showLink(pass === undefined ? link : withPass(link, pass.pass), {
    mirrors,
    hasSecret,
    expires: pass?.expires,
    needsToken: session.required && pass === undefined,
  });
  watch(link.query);
}

/** Signs in with the token of the form, if that is necessary. */
async function isAdmitted(): Promise<boolean> {
  if (!session.required || session.admitted) return true;
  const problem = token.value === ""
    ? "This proxy requires a token."
    : await signIn(token.value.trim());
  tokenErrors.textContent = problem ?? "";
  token.ariaInvalid = problem === undefined ? null : "true";
  if (problem === undefined) {
    token.value = "";
    showSession({ required: true, admitted: true });
    return true;
  }
  hideLink();
  unwatch();
  token.focus();
  return false;
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
