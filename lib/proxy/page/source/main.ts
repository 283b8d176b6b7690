/**
 * The script of the page: connects the form, the card of the link, and the live view.
 *
 * @module
 */

import { initCopyButtons } from "./copy.ts";
import { initForm } from "./form.ts";
import { initLiveView, watch } from "./live/view.ts";
import { initResult, showLink } from "./result.ts";

initCopyButtons();
initResult();
initLiveView();
initForm((link, hasSecret) => {
  showLink(link, hasSecret);
  watch(link.query);
});
