/**
 * Whether this process may run the lab.
 *
 * @module
 */

const TUN = "/dev/net/tun";

/** Returns what this process lacks to run the lab, `undefined` if it may run it. */
export function missingPermission(): string | undefined {
  if (Deno.build.os !== "linux") return "it needs Linux";
  if (Deno.uid() !== 0) return "it needs root";
  try {
    Deno.openSync(TUN, { read: true, write: true }).close();
  } catch {
    return `${TUN} cannot be opened`;
  }
  return mayUnshare() ? undefined : "it needs permission to make network namespaces";
}

function mayUnshare(): boolean {
  try {
    return new Deno.Command("unshare", {
      args: ["--net", "true"],
      stdout: "null",
      stderr: "null",
    }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
