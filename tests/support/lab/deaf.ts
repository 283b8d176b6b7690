/**
 * An address of loopback that neither accepts nor refuses a connection: the queue of its listener is full. To a client
 * it is as a machine that is switched off.
 *
 * @module
 */

/** Time after which a connection is taken to wait, in milliseconds. */
const WAITS_MS = 300;

/** Makes an address deaf until it is disposed. */
export async function startDeaf(hostname: string, port: number): Promise<AsyncDisposable> {
  const listener = Deno.listen({ hostname, port, tcpBacklog: 1 });
  const controller = new AbortController();
  const fillers: Deno.Conn[] = [];
  let waiting: Promise<void> | undefined;
  // Until one waits: there is no place for it, nor for any after it.
  while (waiting === undefined && fillers.length < 64) {
    const dial = Deno.connect({ hostname, port, signal: controller.signal });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) =>
      timer = setTimeout(resolve, WAITS_MS, undefined)
    );
    const conn = await Promise.race([dial, late]);
    clearTimeout(timer);
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
