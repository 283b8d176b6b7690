/**
 * Sends signals to child processes that may have ended meanwhile. `Deno.ChildProcess.kill()` throws then, which in a
 * timer or a listener ends every test of the module, not only the one that it belongs to.
 *
 * @module
 */

/** Sends a signal to a child, and reports whether it could: one that has ended takes none. */
export function sendSignal(child: Deno.ChildProcess, name: Deno.Signal): boolean {
  try {
    child.kill(name);
    return true;
  } catch (error) {
    const isOver = error instanceof TypeError || error instanceof Deno.errors.NotFound;
    if (!isOver) throw error;
    return false;
  }
}
