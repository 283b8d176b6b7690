import { assertEquals } from "@std/assert";
import { addressIn, bareHost, hostIn, portOf } from "../../../lib/http/address/host.ts";

Deno.test("hostIn() and addressIn() return hosts as URLs have them", () => {
  const table = [
    ["One.Example", "one.example", undefined],
    ["b\u00fccher.example", "xn--bcher-kva.example", undefined],
    ["127.0.0.1", "127.0.0.1", "127.0.0.1"],
    ["127.1", "127.0.0.1", undefined],
    ["1", "0.0.0.1", undefined],
    ["010.0.0.1", "8.0.0.1", undefined],
    ["1.2.3.256", undefined, undefined],
    ["[0:0::1]", "::1", "::1"],
    ["0:0::1", undefined, "::1"],
    ["a b", undefined, undefined],
    ["a/b", undefined, undefined],
    ["user@a", undefined, undefined],
    ["", undefined, undefined],
  ] as const;
  for (const [text, host, address] of table) {
    assertEquals([hostIn(text), addressIn(text)], [host, address], text);
  }
});

Deno.test("bareHost() and portOf() read the host and the port of a URL", () => {
  const table = [
    ["http://one.example/", "one.example", 80],
    ["https://one.example/", "one.example", 443],
    ["https://[::1]:80/", "::1", 80],
  ] as const;
  for (const [text, host, port] of table) {
    const url = new URL(text);
    assertEquals([bareHost(url.hostname), portOf(url)], [host, port]);
  }
});
