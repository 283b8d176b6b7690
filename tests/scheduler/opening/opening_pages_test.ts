import {
  assertTransitions,
  errorText,
  fails,
  page,
  part,
  waited,
} from "../../support/scheduler/opening_scene.ts";

assertTransitions("a page loses against a file, however many mirrors have it", 3, [
  [page(0, 9, "p"), "probing"],
  [page(1, 9, "p"), "probing"],
  [
    part(2, 30, "a"),
    "open 30 a",
    ...["reject 0", "reject 1", "open 30 ranges from 2", "accept 2", "admit 2r"],
  ],
]);

assertTransitions("a late page is rejected, and ties with nothing", 2, [
  [part(0, 30, "a"), "speculating on 0", "trust 0 of 30", "accept 0"],
  [waited(500), "open 30 a", "open 30 ranges from 0", "admit 0r"],
  [page(1, 30, "p"), "open 30 a", "reject 1"],
]);

assertTransitions("a page waits for others beyond the grace", 2, [
  [page(0, 9, "p"), "probing"],
  [waited(5000), "probing"],
  [fails(1), "open 9 p", "open 9 ranges from 0", "note", "accept 0", "admit 0r"],
]);

assertTransitions("pages are refused where a name promised something else", 2, [
  [page(0, 9, "p"), "probing"],
  [page(1, 9, "p", "film.mkv"), "probing", "reject 0", "reject 1"],
]);

assertTransitions("a mirror that comes after refused pages decides", 2, [
  [page(0, 9, "p", "film.mkv"), "probing"],
  [fails(1), "probing", "reject 0"],
  [part(1, 30, "a"), "open 30 a", "open 30 ranges from 1", "accept 1", "admit 1r"],
]);

assertTransitions("a short text loses against a file that a name promised", 3, [
  [errorText(0, 9, "t"), "probing"],
  [errorText(1, 9, "t"), "probing"],
  [
    part(2, 30, "a"),
    "open 30 a",
    ...["reject 0", "reject 1", "open 30 ranges from 2", "accept 2", "admit 2r"],
  ],
]);

assertTransitions("a short text is the file, with a note, where there is no other", 2, [
  [errorText(0, 9, "t"), "probing"],
  [fails(1), "open 9 t", "open 9 whole from 0", "note", "accept 0", "admit 0w"],
]);

assertTransitions("a web page that is refused leaves a short text the file", 2, [
  [page(0, 30, "p", "film.mkv"), "probing"],
  [
    errorText(1, 9, "t"),
    "open 9 t",
    ...["reject 0", "open 9 whole from 1", "note", "accept 1", "admit 1w"],
  ],
]);
