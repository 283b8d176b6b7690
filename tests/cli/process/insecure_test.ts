import { assertEquals, assertThrows } from "@std/assert";
import { environmentProxy, insecureFetch } from "../../../lib/cli/process/insecure.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";

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

Deno.test("environmentProxy() reads the environment as the platform does", () => {
  for (const [variables, url, proxy] of PROXIES) {
    const found = environmentProxy(new URL(url), (name) => variables[name]);
    assertEquals(found?.url, proxy, `${JSON.stringify(variables)} ${url}`);
  }
});

Deno.test("insecureFetch() refuses what needs the platform's TLS", () => {
  assertThrows(() => insecureFetch({ http: "http2" }), CommandError, "--http2 and --insecure");
  assertThrows(
    () => insecureFetch({ proxy: "https://user:secret@proxy.example" }),
    CommandError,
    "--insecure cannot be used with a proxy whose URL is https://",
  );
});
