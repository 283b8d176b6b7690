/**
 * An address of loopback that neither accepts nor refuses a connection: the queue of its listener is full. To a client
 * it is as a machine that is switched off.
 *
 * @module
 */

import { delay } from "@std/async/delay";

/**
 * After so many looks a connection is taken to wait. They are counted rather than read off a clock: where the process
 * stands still, a connection that was made meanwhile is seen between two of them.
 */
const LOOKS = 6;
const LOOK_MS = 50;

/** Makes an address deaf until it is disposed. */
export async function startDeaf(hostname: string, port: number): Promise<AsyncDisposable> {
  const listener = Deno.listen({ hostname, port, tcpBacklog: 1 });
  const controller = new AbortController();
  const fillers: Deno.Conn[] = [];
  let waiting: Promise<void> | undefined;
  // Until one waits: there is no place for it, nor for any after it.
  while (waiting === undefined && fillers.length < 64) {
    const dial = Deno.connect({ hostname, port, signal: controller.signal });
    let conn: Deno.Conn | void = undefined;
    for (let look = 0; look < LOOKS && conn === undefined; look++) {
      conn = await Promise.race([dial, delay(LOOK_MS)]);
    }
    if (conn !== undefined) fillers.push(conn);
    else waiting = dial.then((conn) => conn.close(), () => {});
  }
  return {
    async [Symbol.asyncDispose]() {
      controller.abort();
      await waiting;
      for (const conn of fillers) conn.close();
      listener.close();
    },
  };
}
