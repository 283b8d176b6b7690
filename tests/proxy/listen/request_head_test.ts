import { assertEquals, assertThrows } from "@std/assert";
import {
  emptyLines,
  findHeadEnd,
  parseRequestHead,
  type RequestHead,
} from "../../../lib/proxy/listen/request_head.ts";
import { Problem } from "../../../lib/proxy/problem.ts";

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function parse(text: string): RequestHead {
  const all = bytes(text);
  assertEquals(findHeadEnd(all, 0), all.byteLength, "where it ends");
  return parseRequestHead(all);
}

Deno.test("findHeadEnd() finds the empty line, with and without carriage returns", () => {
  const table: [text: string, end: number][] = [
    ["GET / HTTP/1.1\r\nHost: a\r\n\r\nbody", 27],
    ["GET / HTTP/1.1\nHost: a\n\nbody", 24],
    ["GET / HTTP/1.1\r\nHost: a\n\r\n", 26],
    ["GET / HTTP/1.1\r\nHost: a\r\n\r", -1],
    ["GET / HTTP/1.1\r\nHost: a\r\n", -1],
    ["\n", -1],
    ["", -1],
  ];
  for (const [text, end] of table) {
    assertEquals(findHeadEnd(bytes(text), 0), end, JSON.stringify(text));
    // As it comes, byte by byte, and searched on from where the last search ended.
    let searched = 0;
    let found = -1;
    for (let length = 1; length <= text.length && found < 0; length++) {
      found = findHeadEnd(bytes(text.slice(0, length)), Math.max(0, searched - 2));
      searched = length;
    }
    assertEquals(found, end, `in pieces: ${JSON.stringify(text)}`);
  }
  assertEquals([emptyLines(bytes("\r\n\nGET")), emptyLines(bytes("GET"))], [3, 0]);
});

Deno.test("parseRequestHead() reads the request line, the fields, and what they say of the connection", () => {
  const head = parse(
    "GET /a?b=%20 HTTP/1.1\r\nHost: a.example:80\r\nRange:bytes=0-9 \r\nX:\t\xe9\r\nX: 2\r\n\r\n",
  );
  assertEquals([head.method, head.target, head.minor], ["GET", "/a?b=%20", 1]);
  assertEquals([...head.headers], [
    ["host", "a.example:80"],
    ["range", "bytes=0-9"],
    ["x", "\xe9, 2"],
  ]);
  assertEquals([head.host, head.framing.type, head.keepAlive], ["a.example:80", "none", true]);
  const table: [fields: string, minor: 0 | 1, facts: Partial<RequestHead>][] = [
    ["Connection: close", 1, { keepAlive: false }],
    ["Connection: x, Close", 1, { keepAlive: false }],
    ["Connection: closed, x-close", 1, { keepAlive: true }],
    ["Connection: x,\t keep-alive ,y", 0, { keepAlive: true }],
    ["Accept: */*", 0, { keepAlive: false, minor: 0 }],
    ["Connection: Keep-Alive", 0, { keepAlive: true }],
    ["Content-Length: 0", 1, { framing: { type: "none" } }],
    ["Content-Length: 12", 1, { framing: { type: "length", bytes: 12 } }],
    ["Transfer-Encoding: Chunked", 1, { framing: { type: "chunked" } }],
    ["Expect: 100-continue", 1, { expectsContinue: true }],
    ["Expect: 100-continue", 0, { expectsContinue: false }],
  ];
  for (const [fields, minor, facts] of table) {
    const read = parse(`POST * HTTP/1.${minor}\r\nHost: a\r\n${fields}\r\n\r\n`);
    assertEquals({ ...read, ...facts }, read, fields);
  }
});

Deno.test("parseRequestHead() refuses what two servers could understand in two ways", () => {
  const many = Array.from({ length: 101 }, (_, index) => `X-${index}: 1\r\n`).join("");
  const table: [head: string, status: number][] = [
    ["GET / HTTP/1.1\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: a/b?\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost:\r\n\r\n", 400],
    ["GET / HTTP/1.0\r\nHost: \r\n\r\n", 400],
    ["GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["GET a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["OPTIONS *a HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["GET data:,/healthz HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["head / HTTP/1.1\r\nHost: a\r\n\r\n", 501],
    ["Get / HTTP/1.1\r\nHost: a\r\n\r\n", 501],
    ["TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 501],
    ["CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501],
    ["GET / HTTP/1.1 x\r\nHost: a\r\n\r\n", 400],
    ["GET /\r\nHost: a\r\n\r\n", 400],
    ["G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["GET / http/1.1\r\nHost: a\r\n\r\n", 400],
    ["GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505],
    ["PRI * HTTP/2.0\r\n\r\n", 505],
    ["GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: a\r\n: no name\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400],
    ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400],
    ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400],
    ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n", 400],
    ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \xa01\r\n\r\n", 400],
    ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \xa0chunked\r\n\r\n", 501],
    [
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      400,
    ],
    ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501],
    ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 501],
    ["POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400],
    [`GET / HTTP/1.1\r\nHost: a\r\n${many}\r\n`, 431],
  ];
  for (const [head, status] of table) {
    const problem = assertThrows(() => parseRequestHead(bytes(head)), Problem, undefined, head);
    assertEquals(problem.status, status, head);
  }
});
