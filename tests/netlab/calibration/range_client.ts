/**
 * The load of the calibration, on real connections: `range_client.ts URL CONNECTIONS BYTES SECONDS`
 * requests ranges of so many bytes, one after the other on each connection, and prints how many bytes
 * of them arrived in the time.
 *
 * @module
 */

const BUFFER_BYTES = 256 * 1024;
const END_OF_HEAD = "\r\n\r\n";

interface Load {
  readonly url: URL;
  readonly rangeBytes: number;
  /** Counts bytes that arrived. */
  readonly arrived: (bytes: number) => void;
  /** Returns the first byte of the next range. */
  readonly nextStart: () => number;
}

/** Requests ranges on one connection. */
async function run({ url, rangeBytes, arrived, nextStart }: Load): Promise<void> {
  using connection = await Deno.connect({ hostname: url.hostname, port: Number(url.port || 80) });
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (;;) {
    const start = nextStart();
    const range = `bytes=${start}-${start + rangeBytes - 1}`;
    const request = `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nRange: ${range}\r\n\r\n`;
    await connection.write(new TextEncoder().encode(request));
    let head = "";
    for (let left = Infinity; left > 0;) {
      const count = await connection.read(buffer);
      if (count === null) throw new Error(`the connection ended; the response began: ${head}`);
      let body = count;
      if (left === Infinity) {
        head += new TextDecoder("latin1").decode(buffer.subarray(0, count));
        const end = head.indexOf(END_OF_HEAD);
        if (end < 0) continue;
        if (!head.startsWith("HTTP/1.1 206 ")) throw new Error(`no part came, but: ${head}`);
        body = head.length - end - END_OF_HEAD.length;
        left = rangeBytes;
      }
      left -= body;
      arrived(body);
    }
  }
}

const [url = "", connections, rangeBytes, seconds] = Deno.args;
let bytes = 0;
let next = 0;
const load = {
  url: new URL(url),
  rangeBytes: Number(rangeBytes),
  arrived: (count: number) => bytes += count,
  nextStart: () => {
    const start = next;
    next += Number(rangeBytes);
    return start;
  },
};
const startedAt = performance.now();
setTimeout(() => {
  console.log(JSON.stringify({ bytes, seconds: (performance.now() - startedAt) / 1000 }));
  Deno.exit(0);
}, 1000 * Number(seconds));
await Promise.all(Array.from({ length: Number(connections) }, () => run(load)));
