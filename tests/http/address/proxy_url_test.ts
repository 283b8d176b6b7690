import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parseProxyUrl } from "../../../lib/http/address/proxy_url.ts";

Deno.test("parseProxyUrl() splits the URL, and fills in the default port of the scheme", () => {
  // URL → URL for the client, host, port
  const table = [
    ["http://proxy.test:3128", "http://proxy.test:3128", "proxy.test", 3128],
    ["http://proxy.test", "http://proxy.test:80", "proxy.test", 80],
    ["HTTPS://proxy.test/", "https://proxy.test:443", "proxy.test", 443],
    ["socks5://10.0.0.1", "socks5://10.0.0.1:1080", "10.0.0.1", 1080],
    ["socks5h://proxy.test:9050", "socks5h://proxy.test:9050", "proxy.test", 9050],
    ["http://[::1]:8080", "http://[::1]:8080", "::1", 8080],
  ] as const;
  for (const [text, url, host, port] of table) {
    const name = url.split("//")[1]!;
    assertEquals(parseProxyUrl(text), { name, host, port, client: { url } });
    assertEquals(parseProxyUrl(new URL(text)), parseProxyUrl(text));
  }
});

Deno.test("parseProxyUrl() separates credentials, and decodes them", () => {
  const table = [
    ["http://user:pass@proxy.test:1", { username: "user", password: "pass" }],
    ["socks5://us%40er:p%3Aw@proxy.test:1", { username: "us@er", password: "p:w" }],
    ["http://user@proxy.test:1", { username: "user", password: "" }],
    ["http://:pass@proxy.test:1", { username: "", password: "pass" }],
    ["http://100%:p@proxy.test:1", { username: "100%", password: "p" }],
  ] as const;
  for (const [text, basicAuth] of table) {
    const proxy = parseProxyUrl(text);
    assertEquals(proxy.client.basicAuth, basicAuth, text);
    assertEquals([proxy.name, proxy.client.url.includes("@")], ["proxy.test:1", false]);
  }
});

Deno.test("parseProxyUrl() says what is accepted, and repeats nothing of the URL", () => {
  const table = [
    ["", "is not a URL"],
    ["secret", "is not a URL"],
    ["127.0.0.1:3128", "is not a URL"],
    ["secret.test:3128", "has an unsupported scheme"],
    ["socks4://user:secret@proxy.test:1", "has an unsupported scheme"],
    ["ftp://user:secret@proxy.test", "has an unsupported scheme"],
    ["user:secret@proxy.test:1", "has an unsupported scheme"],
    ["socks5://", "has no host"],
    ["http://user:secret@proxy.test/file", "has a path or query"],
    ["http://proxy.test/?secret", "has a path or query"],
    ["http://proxy.test/#secret", "has a path or query"],
  ] as const;
  for (const [text, what] of table) {
    const { message } = assertThrows(() => parseProxyUrl(text), TypeError) as TypeError;
    assertStringIncludes(message, `proxy ${what}, but must be like http://host:port`);
    assertStringIncludes(message, "http, https, socks5 or socks5h");
    assert(!message.includes("secret"), message);
  }
});
