import { assert, assertEquals } from "@std/assert";
import { type AccessEntry, accessLine } from "../../../lib/proxy/observe/access_log.ts";

const ENTRY: AccessEntry = {
  time: Date.UTC(2026, 0, 2, 15, 4, 5, 678),
  client: "192.0.2.7",
  method: "GET",
  url: "http://proxy.example:8080/proxy?host=https://a.example/f.iso,https://b.example/f.iso",
  status: 206,
  bytes: 1_048_576,
  durationMs: 512.34,
  range: "bytes=0-1048575",
  outcome: "complete",
};

/** Returns the URL as shown in a line. */
function shown(query: string): string {
  const url = `http://proxy.example/proxy?${query}`;
  return JSON.parse(accessLine({ ...ENTRY, url }, "json")).url.replace("/proxy?", "");
}

Deno.test("accessLine() formats a line like the common log format", () => {
  assertEquals(
    accessLine(ENTRY),
    "192.0.2.7 - - [02/Jan/2026:15:04:05 +0000] " +
      '"GET /proxy?host=https://a.example/f.iso,https://b.example/f.iso" ' +
      '206 1048576 0.512s "bytes=0-1048575" complete',
  );
  const short = { ...ENTRY, client: "", range: undefined, url: "http://p.example/", bytes: 0 };
  assertEquals(
    accessLine({ ...short, method: "HEAD", status: 403, outcome: "refused", durationMs: 0 }),
    '- - - [02/Jan/2026:15:04:05 +0000] "HEAD /" 403 0 0.000s - refused',
  );
});

Deno.test("accessLine() formats the same data as JSON", () => {
  const { range: _, ...entry } = ENTRY;
  const line = accessLine(entry, "json");
  assert(!line.includes("\n"));
  assertEquals(JSON.parse(line), {
    ...entry,
    time: "2026-01-02T15:04:05.678Z",
    url: "/proxy?host=https://a.example/f.iso,https://b.example/f.iso",
  });
  assertEquals(JSON.parse(accessLine(ENTRY, "json")).range, "bytes=0-1048575");
  const long = { ...ENTRY, durationMs: 225.84942846675912 };
  assertEquals(JSON.parse(accessLine(long, "json")).durationMs, 225.849);
});

Deno.test("accessLine() shows mirrors without credentials and without their query", () => {
  const table = [
    ["host=https://a.example/f.iso", "host=https://a.example/f.iso"],
    ["host=https%3A%2F%2Fa.example%2Ff.iso%3Fkey%3Dsecret", "host=https://a.example/f.iso?…"],
    ["host=https://a.example/f.iso?key=secret", "host=https://a.example/f.iso?…"],
    ["host=https://user:secret@a.example/f", "host=https://a.example/f"],
    ["url=https://secret@a.example:81/f%23secret", "url=https://a.example:81/f"],
    ["url=https://us@er:secret@a.example/f", "url=https://a.example/f"],
    ["url=http:user:secret@a.example/f", "url=http://a.example/f"],
    [
      "hosts=https://a.example/f?x=secret,https://u:secret@b.example/f,http://c.example/f",
      "hosts=https://a.example/f?…,https://b.example/f,http://c.example/f",
    ],
    [
      "host=https://a.example/f?x=1,secret,secret&url=https://b.example/f",
      "host=https://a.example/f?…&url=https://b.example/f",
    ],
    [
      "host=https://a.example/f,%20https://b.example/f",
      "host=https://a.example/f,https://b.example/f",
    ],
    ["host=https://user:secret@/f", "host=…"],
    ["host=user:secret@a.example/f", "host=…"],
    ["host=//user:secret@a.example/f", "host=…"],
    ["host=ftp://user:secret@a.example/f", "host=…"],
    ["host=https://user:se/cret@a.example/f", "host=…"],
    ["host=", "host=…"],
  ];
  for (const [query, expected] of table) assertEquals(shown(query!), expected, query);
});

Deno.test("accessLine() hides URLs in paths", () => {
  const table = [
    ["/metrics", "/metrics"],
    ["/favicon.ico?x=secret", "/favicon.ico?x=…"],
    ["/proxy/http://user:secret@a.example/f", "/proxy/…"],
    ["/https://user:secret@a.example/f", "/…/…"],
    ["/user:secret@a.example", "/…"],
    ["/proxy/", "/proxy/…"],
  ];
  for (const [path, expected] of table) {
    const url = `http://proxy.example${path}`;
    assertEquals(JSON.parse(accessLine({ ...ENTRY, url }, "json")).url, expected, path);
  }
});

Deno.test("accessLine() hides the values of unknown parameters", () => {
  const table = [
    ["split_size=1000000&delay_req_algo=DelayRequestAlgorithm.DIFF&verify=false"],
    ["dup_req_algo=NIBIB&invalid_block_threshold=20&init_delay_coef=2.5&download=1"],
    // The rest of a signed URL whose & was not encoded.
    [
      "url=https://a.example/f?Expires=1&Signature=secret&split_size=1000",
      "url=https://a.example/f?…&Signature=…&split_size=1000",
    ],
    ['static_delay_req_vals={"https://a.example/f?secret":3}', "static_delay_req_vals=…"],
    ["split_size=https://secret@a.example/", "split_size=…"],
    ["token", "token=…"],
  ];
  for (const [query, expected = query] of table) assertEquals(shown(query!), expected, query);
});

Deno.test("accessLine() escapes characters that would end a line or a field", () => {
  const evil = 'x" 200 0 0s - complete\r\n1.2.3.4 - - \\ \u2028\u2029\u0085\u001b[31m\ud800';
  const line = accessLine({
    ...ENTRY,
    method: evil,
    client: evil,
    range: evil,
    url: `http://proxy.example/proxy?${encodeURIComponent('a"\n\u2028b')}=1&url=${
      encodeURIComponent('https://a.example/"\nf')
    }`,
  });
  // deno-lint-ignore no-control-regex
  assert(!/[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800\\]/.test(line.replace(/\\u\{[0-9a-f]+\}/g, "")));
  assertEquals(line.split('"').length, 5);
  const json = accessLine({ ...ENTRY, method: evil, range: evil }, "json");
  assert(!/[\r\n]/.test(json));
  assertEquals(JSON.parse(json).range, evil);
});

Deno.test("accessLine() hides invalid URLs", () => {
  assertEquals(JSON.parse(accessLine({ ...ENTRY, url: "http://[secret" }, "json")).url, "…");
});

Deno.test("accessLine() shortens a Range to 200 characters", () => {
  const range = `bytes=${"0-1,".repeat(100)}`;
  const cut = `${range.slice(0, 200)}…`;
  assertEquals(JSON.parse(accessLine({ ...ENTRY, range }, "json")).range, cut);
  assert(accessLine({ ...ENTRY, range }).includes(`"${cut}"`));
  assert(accessLine({ ...ENTRY, range: range.slice(0, 200) }).includes(`"${range.slice(0, 200)}"`));
});
