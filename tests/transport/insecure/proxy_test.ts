import { assertEquals } from "@std/assert";
import { parseProxyUrl } from "../../../lib/http/address/proxy_url.ts";
import { proxyFor } from "../../../lib/transport/insecure/proxy.ts";

const HTTPS_PROXY = "http://proxy.example:3128";

const PROXIES: [variables: Record<string, string>, url: string, proxy: string | undefined][] = [
  [{}, "https://a.example/f", undefined],
  [{ HTTP_PROXY: HTTPS_PROXY }, "https://a.example/f", undefined],
  [{ HTTPS_PROXY }, "https://a.example/f", HTTPS_PROXY],
  [{ https_proxy: HTTPS_PROXY }, "https://a.example/f", HTTPS_PROXY],
  [{ ALL_PROXY: "socks5://[::1]:1080" }, "https://a.example/f", "socks5://[::1]:1080"],
  [{ HTTPS_PROXY: "proxy.example:3128" }, "https://a.example/f", HTTPS_PROXY],
  [{ HTTPS_PROXY, NO_PROXY: "b.example, a.example" }, "https://a.example/f", undefined],
  [{ HTTPS_PROXY, no_proxy: ".example" }, "https://a.example/f", undefined],
  [{ HTTPS_PROXY, NO_PROXY: "example" }, "https://a.example/f", undefined],
  [{ HTTPS_PROXY, NO_PROXY: "ample" }, "https://a.example/f", HTTPS_PROXY],
  [{ HTTPS_PROXY, NO_PROXY: "*" }, "https://a.example/f", undefined],
  [{ HTTPS_PROXY, NO_PROXY: "10.0.0.0/8" }, "https://10.200.3.4/f", undefined],
  [{ HTTPS_PROXY, NO_PROXY: "10.0.0.0/8" }, "https://11.0.0.1/f", HTTPS_PROXY],
  [{ HTTPS_PROXY, NO_PROXY: "10.0.0.0/40,::1/x" }, "https://10.0.0.1/f", HTTPS_PROXY],
  [{ HTTPS_PROXY, NO_PROXY: "[::1]" }, "https://[::1]/f", undefined],
];

Deno.test("proxyFor() reads the environment as the platform does", () => {
  for (const [variables, url, proxy] of PROXIES) {
    const none = { proxy: undefined, noProxy: undefined };
    const found = proxyFor(new URL(url), none, (name) => variables[name]);
    assertEquals(found?.client.url, proxy, `${JSON.stringify(variables)} ${url}`);
  }
});

Deno.test("proxyFor(): options go before the environment", () => {
  const environment = (name: string) => name === "HTTPS_PROXY" ? HTTPS_PROXY : undefined;
  const url = new URL("https://a.example/f");
  const find = (proxy: `socks5:${string}` | false | undefined, noProxy: string | undefined) =>
    proxyFor(url, { proxy: proxy && parseProxyUrl(proxy), noProxy }, environment)?.client.url;
  assertEquals(find(undefined, undefined), HTTPS_PROXY);
  assertEquals(find(false, undefined), undefined);
  assertEquals(find(undefined, "a.example"), undefined);
  assertEquals(find("socks5://127.0.0.1:1080", undefined), "socks5://127.0.0.1:1080");
  assertEquals(find("socks5://127.0.0.1:1080", "a.example"), undefined);
});
