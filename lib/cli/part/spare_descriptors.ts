/**
 * Descriptors that are kept for files. Connections may take all others that the process may have; then a
 * file that is opened takes the place of one of these.
 *
 * @module
 */

import { isLackOfDescriptors } from "../failure/exit_code.ts";

/** Number of files that may be opened when nothing else can be. */
const SPARES = 3;
/** A file of the system that is always there. */
const NULL_DEVICE = "/dev/null";

const spares: Deno.FsFile[] = [];
let holders = 0;

/** Keeps descriptors for files until what it returns is disposed. */
export function keepDescriptors(): Disposable {
  holders++;
  refill();
  return {
    [Symbol.dispose]() {
      if (--holders === 0) { for (const file of spares.splice(0)) file.close(); }
    },
  };
}

/** Opens a file, if need be in place of a descriptor that is kept. */
export async function openSparing<Opened>(open: () => Promise<Opened>): Promise<Opened> {
  for (;;) {
    try {
      const opened = await open();
      refill();
      return opened;
    } catch (error) {
      const spare = isLackOfDescriptors(error) ? spares.pop() : undefined;
      if (spare === undefined) throw error;
      spare.close();
    }
  }
}

function refill(): void {
  if (holders === 0 || Deno.build.os === "windows") return;
  try {
    const { state } = Deno.permissions.querySync({ name: "read", path: NULL_DEVICE });
    while (state === "granted" && spares.length < SPARES) spares.push(Deno.openSync(NULL_DEVICE));
  } catch {
    // There is none to spare now.
  }
}
