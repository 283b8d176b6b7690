/**
 * Finds out whether the process may open no more files and connections: the lookup of a name fails for that
 * in the words for a name that does not exist (Deno 2.9).
 *
 * @module
 */

import { type NetworkFailure, TOO_MANY } from "../network_failure.ts";

/** So many descriptors a lookup may need at once. */
const NEEDED = 4;

/** Returns what a failure means: a name that does not resolve may have another reason than the name. */
export function blameDescriptors(
  failure: NetworkFailure,
  lacks: () => boolean = lacksDescriptors,
): NetworkFailure {
  if (failure.fault !== "host" || !lacks()) return failure;
  return { ...failure, fault: "descriptors", words: TOO_MANY, permanent: false };
}

/** Reports whether too few descriptors are left to look a name up; `false` where that is not known. */
function lacksDescriptors(): boolean {
  if (typeof Deno === "undefined") return false;
  const place = { hostname: "127.0.0.1", port: 0 };
  const listeners: Deno.Listener[] = [];
  try {
    const { state } = Deno.permissions.querySync({ name: "net", host: "127.0.0.1:0" });
    while (state === "granted" && listeners.length < NEEDED) listeners.push(Deno.listen(place));
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EMFILE";
  } finally {
    for (const listener of listeners) listener.close();
  }
}
