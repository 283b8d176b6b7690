/**
 * The lock that is held while a command runs in the lab: two labs at once would disturb each other.
 *
 * @module
 */

const NAME = "sphttp-netlab.lock";

/** Opens the file of the lock, which is not held yet. */
export function openLabLock(): Promise<Deno.FsFile> {
  const folder = Deno.env.get("TMPDIR") ?? "/tmp";
  return Deno.open(`${folder}/${NAME}`, { create: true, write: true });
}
