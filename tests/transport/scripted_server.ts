/**
 * A server for tests that sends exactly what it is told, however wrong: raw fields, and bodies that are
 * longer or shorter than announced.
 *
 * @module
 */

/** A request that has arrived. */
export interface Request {
  /** Its path with the query. */
  readonly path: string;
  /** By lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The requested range; `end` lies behind the last byte and is `Infinity` if it is open. */
  readonly range: { readonly start: number; readonly end: number } | undefined;
}

export interface Script {
  readonly status: number;
  /** Fields, line by line; each character is one byte. */
  readonly fields: readonly string[];
  readonly body?: Uint8Array<ArrayBuffer> | undefined;
  /** Closes the connection behind the body. */
  readonly close?: boolean | undefined;
}

export interface ScriptedServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  readonly requests: readonly Request[];
  /** Number of connections that have been opened. */
  readonly connections: number;
}

/** Starts a server on a free port of 127.0.0.1. */
export function serveScript(answer: (request: Request) => Script): ScriptedServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: Request[] = [];
  const open = new Set<Deno.Conn>();
  const tasks: Promise<void>[] = [];
  let connections = 0;
  const serve = async (connection: Deno.Conn) => {
    open.add(connection);
    try {
      for await (const request of readRequests(connection)) {
        requests.push(request);
        const script = answer(request);
        await writeAll(connection, encodeHead(script));
        await writeAll(connection, script.body ?? new Uint8Array());
        if (script.close) break;
      }
    } catch {
      // The client has left.
    } finally {
      open.delete(connection);
      close(connection);
    }
  };
  const accepting = (async () => {
    for await (const connection of listener) {
      connections++;
      tasks.push(serve(connection));
    }
  })();
  return {
    origin: `http://127.0.0.1:${listener.addr.port}`,
    requests,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      // The last one may be accepted now.
      await accepting;
      for (const connection of open) close(connection);
      await Promise.all(tasks);
    },
  };
}

async function* readRequests(connection: Deno.Conn): AsyncGenerator<Request> {
  const buffer = new Uint8Array(64 * 1024);
  let text = "";
  for (;;) {
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0) {
      yield parse(text.slice(0, end));
      text = text.slice(end + 4);
      continue;
    }
    const length = await connection.read(buffer);
    if (length === null) return;
    text += new TextDecoder("latin1").decode(buffer.subarray(0, length));
  }
}

function parse(head: string): Request {
  const [line, ...fields] = head.split("\r\n");
  const headers = Object.fromEntries(fields.map((field) => {
    const colon = field.indexOf(":");
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
  }));
  const [, start, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? "") ?? [];
  const end = last ? Number(last) + 1 : Infinity;
  return {
    path: line!.split(" ")[1]!,
    headers,
    range: start === undefined ? undefined : { start: Number(start), end },
  };
}

function encodeHead({ status, fields, close }: Script): Uint8Array {
  const connection = close ? ["Connection: close"] : [];
  const lines = [`HTTP/1.1 ${status} Scripted`, ...fields, ...connection, "", ""];
  return Uint8Array.from(lines.join("\r\n"), (character) => character.charCodeAt(0));
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}
