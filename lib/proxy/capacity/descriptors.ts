/**
 * How many files and connections the process may have open, and what they are for. A proxy that knows this
 * refuses clients before the system refuses it a descriptor.
 *
 * @module
 */

/** How the descriptors of the process are used. */
export interface DescriptorShares {
  /** Maximum number of connections of clients. */
  readonly maxConnections: number;
  /** Maximum number of connections to mirrors; `undefined` for no limit. */
  readonly maxMirrorConnections: number | undefined;
}

/** The most connections of clients, where the process may have more. */
const MOST_CLIENTS = 1024;
/** More than these are not counted, as each takes some time; systems with a low limit often have 1024. */
const MOST_COUNTED = 1100;
/** So many are left for files, lookups, and connections that are about to be closed, or get a 503. */
const RESERVE = 32;
/** What the process itself has open at the start, as far as can be said. */
const USED_AT_START = 32;
/** A file of the system that is always there. */
const NULL_DEVICE = "/dev/null";
/** The limits of this process; only processes with all permissions may read them. */
const LIMITS = "/proc/self/limits";
const OPEN_FILES = /^Max open files +(\d+)/m;

/**
 * Returns how many more files and connections the process may open; `Infinity` if there are many, or if it
 * may not read the system's limit or open files to find out.
 */
export async function countDescriptors(): Promise<number> {
  if (Deno.build.os === "windows") return Infinity;
  const all = await limitOfSystem();
  if (all !== undefined) return Math.max(0, all - USED_AT_START);
  const { state } = await Deno.permissions.query({ name: "read", path: NULL_DEVICE });
  if (state !== "granted") return Infinity;
  const opened: Deno.FsFile[] = [];
  try {
    while (opened.length < MOST_COUNTED) opened.push(Deno.openSync(NULL_DEVICE));
    return Infinity;
  } catch {
    return opened.length;
  } finally {
    for (const file of opened) file.close();
  }
}

async function limitOfSystem(): Promise<number | undefined> {
  const { state } = await Deno.permissions.query({ name: "read", path: LIMITS });
  if (state !== "granted") return undefined;
  const limits = await Deno.readTextFile(LIMITS).catch(() => "");
  const [, digits] = OPEN_FILES.exec(limits) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * Shares descriptors between clients, which get a third, and mirrors.
 *
 * @param descriptors how many there are
 * @param perClient how many each connection of a client takes
 * @param clients the maximum number of connections of clients, if it is given
 */
export function shareDescriptors(
  descriptors: number,
  perClient: number,
  clients?: number,
): DescriptorShares {
  const usable = Math.max(2, descriptors - RESERVE);
  const most = Math.max(
    1,
    Math.floor((clients === undefined ? usable / 3 : usable - 1) / perClient),
  );
  const maxConnections = Math.min(clients ?? MOST_CLIENTS, most);
  return {
    maxConnections,
    maxMirrorConnections: usable === Infinity
      ? undefined
      : Math.max(1, usable - maxConnections * perClient),
  };
}
