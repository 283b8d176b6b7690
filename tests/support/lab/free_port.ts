/**
 * Ports of loopback for what is told where to listen, and for what nothing listens on.
 *
 * @module
 */

/**
 * No system gives these to a listener or a connection that asks for any port. One that was given and closed would be
 * given again, to one of the tests that run at the same time.
 */
const FIRST = 10_000;
const COUNT = 22_000;

/** Returns a port that nothing listens on. */
export function freePort(): number {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (isFree(port)) return port;
  }
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    // Windows reserves some.
    const isTaken = error instanceof Deno.errors.AddrInUse ||
      error instanceof Deno.errors.PermissionDenied;
    if (isTaken) return false;
    throw error;
  }
}
