import { gzipSync } from "node:zlib";
import type { DownloaderOptions } from "../../mod.ts";
import { startApache } from "../support/programs/apache.ts";
import { startLighttpd } from "../support/programs/lighttpd.ts";
import { startNginx } from "../support/programs/nginx.ts";
import { type Program, testWith } from "../support/programs/programs.ts";
import type { WebServer } from "../support/programs/web_server.ts";
import { type Content, randomContent } from "../support/lab/content.ts";
import { served } from "../support/lab/odd_reply.ts";
import { startOddServer } from "../support/lab/odd_server.ts";
import { kind, SIZE } from "./kind.ts";
import { check, run, type Setup } from "./run_kind.ts";
import { PENDING } from "./pending.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

/** A real server. */
interface Real {
  readonly program: Program;
  readonly name: string;
  /** Name of the file. @default "file.bin" */
  readonly file?: string;
  /** Size of the file. @default {@linkcode SIZE} */
  readonly size?: number;
  readonly start: (root: string) => Promise<WebServer>;
  /** Files besides the served one: content by name. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  readonly options?: DownloaderOptions;
  readonly flags?: readonly string[];
  /** Most requests of one download in `access.log`: beside a good mirror, several are tried at once at first. */
  readonly maxRequests?: Readonly<Partial<Record<Setup["place"], number>>>;
}

const TEXT = new TextEncoder().encode("no");

/** Small blocks, one in a request. */
const BLOCKS: DownloaderOptions = {
  delayRequest: "diff",
  splitSize: 10_000,
  maxBlocksPerRequest: 1,
};

/** Returns nginx in a manner; requests are slow enough to meet each other. */
const nginx = (extra: string, httpExtra = "") => (root: string) =>
  startNginx({
    root,
    listeners: 1,
    extra: `limit_rate 2m; ${extra}`,
    httpExtra,
    accessLog: `${root}/access.log`,
  });

const apache = (extra: string) => (root: string) => startApache({ root, extra });

const lighttpd = (extra: string) => (root: string) => startLighttpd({ root, extra });

const FILES: readonly Real[] = [
  { program: "apache2", name: "apache", start: apache("") },
  {
    program: "apache2",
    name: "apache-add-encoding",
    file: "file.tar.gz",
    start: apache("AddEncoding x-gzip .gz .tgz\nAddType application/x-tar .tar"),
  },
  {
    program: "apache2",
    name: "apache-add-encoding-gzip",
    file: "file.tar.gz",
    start: apache("AddEncoding gzip .gz"),
  },
  {
    program: "apache2",
    name: "apache-deflate",
    start: apache("SetOutputFilter DEFLATE"),
  },
  {
    program: "apache2",
    name: "apache-deflate-without-range",
    start: apache(
      'SetOutputFilter DEFLATE\nRequestHeader set Accept-Encoding gzip "expr=-z %{HTTP:Range}"',
    ),
  },
  {
    program: "apache2",
    name: "apache-keep-alive-requests",
    size: 2_000_000,
    start: apache("MaxKeepAliveRequests 100"),
    options: BLOCKS,
    flags: ["--delay", "diff", "--split-size", "10000"],
  },
  { program: "apache2", name: "apache-no-keep-alive", start: apache("KeepAlive Off") },
  { program: "apache2", name: "apache-max-ranges-none", start: apache("MaxRanges none") },
  {
    program: "apache2",
    name: "apache-no-etag",
    start: apache("FileETag None\nHeader unset Last-Modified"),
  },
  {
    program: "apache2",
    name: "apache-rate-limit",
    start: apache("SetOutputFilter RATE_LIMIT\nSetEnv rate-limit 2000"),
  },
  { program: "lighttpd", name: "lighttpd", start: lighttpd("") },
  {
    program: "lighttpd",
    name: "lighttpd-no-ranges",
    start: lighttpd('server.range-requests = "disable"'),
  },
  {
    program: "lighttpd",
    name: "lighttpd-one-request-each",
    start: lighttpd("server.max-keep-alive-requests = 1"),
  },
  {
    program: "lighttpd",
    name: "lighttpd-one-connection",
    start: lighttpd("server.max-connections = 1\nserver.max-keep-alive-idle = 1"),
  },
  {
    program: "lighttpd",
    name: "lighttpd-rate",
    start: lighttpd("connection.kbytes-per-second = 2000"),
  },
  {
    program: "lighttpd",
    name: "lighttpd-no-etag",
    start: lighttpd('static-file.etags = "disable"\netag.use-mtime = "disable"'),
  },
  { program: "nginx", name: "nginx", start: nginx("") },
  { program: "nginx", name: "nginx-no-ranges", start: nginx("max_ranges 0;") },
  {
    program: "nginx",
    name: "nginx-one-connection",
    start: nginx("limit_conn one 1;", "limit_conn_zone $binary_remote_addr zone=one:1m;"),
  },
  {
    program: "nginx",
    name: "nginx-two-connections",
    start: nginx("limit_conn one 2;", "limit_conn_zone $binary_remote_addr zone=one:1m;"),
    options: { maxConnectionsPerMirror: 4 },
    flags: ["--max-connection-per-server", "4"],
  },
  {
    program: "nginx",
    name: "nginx-one-connection-429",
    start: nginx(
      "limit_conn one 1; limit_conn_status 429;",
      "limit_conn_zone $binary_remote_addr zone=one:1m;",
    ),
  },
  {
    program: "nginx",
    name: "nginx-limit-req",
    size: 2_000_000,
    start: nginx(
      "limit_req zone=pace;",
      "limit_req_zone $binary_remote_addr zone=pace:1m rate=2r/s;",
    ),
    maxRequests: { alone: 4, beside: 20 },
  },
  {
    program: "nginx",
    name: "nginx-limit-req-burst",
    size: 2_000_000,
    start: nginx(
      "limit_req zone=pace burst=4 nodelay;",
      "limit_req_zone $binary_remote_addr zone=pace:1m rate=2r/s;",
    ),
    maxRequests: { alone: 4, beside: 20 },
  },
  {
    program: "nginx",
    name: "nginx-gzip-static",
    start: nginx("gzip_static on;"),
    files: { "file.bin.gz": gzipSync(TEXT) },
  },
  {
    program: "nginx",
    name: "nginx-gzip-static-always-beside",
    file: "file.tar.gz",
    start: nginx("gzip_static on; gzip_vary on;"),
    files: { "file.tar.gz.gz": gzipSync(TEXT) },
  },
  {
    program: "nginx",
    name: "nginx-gzip",
    start: nginx("gzip on; gzip_types *; gzip_min_length 1;"),
  },
  {
    program: "nginx",
    name: "nginx-slice",
    start: nginx(
      `location /origin/ { rewrite ^/origin(/.*)$ $1 break; }
      location / {
        slice 64k;
        proxy_pass http://127.0.0.1:$server_port/origin$uri;
        proxy_set_header Range $slice_range;
        proxy_http_version 1.1;
        proxy_cache slices;
        proxy_cache_key $uri$slice_range;
        proxy_cache_valid 200 206 1h;
      }`,
      "proxy_cache_path cache keys_zone=slices:1m;",
    ),
  },
  { program: "nginx", name: "nginx-no-etag", start: nginx("etag off;") },
  {
    program: "nginx",
    name: "nginx-no-validators",
    start: nginx("etag off; add_header Last-Modified '';"),
  },
  {
    program: "nginx",
    name: "nginx-keepalive-requests",
    start: nginx("keepalive_requests 3;"),
    options: BLOCKS,
    flags: ["--delay", "diff", "--split-size", "10000"],
  },
  {
    program: "nginx",
    name: "nginx-autoindex-type",
    start: nginx("types { } default_type text/html;"),
  },
];

/** Returns a directory with the file, which every user may read. */
function rootOf(real: Real, content: Content): Workplace {
  const root = workplace();
  Deno.chmodSync(root.path, 0o755);
  root.write(real.file ?? "file.bin", content.read(0, content.size));
  for (const [name, bytes] of Object.entries(real.files ?? {})) root.write(name, bytes);
  return root;
}

const SETUPS: readonly Setup[] = [
  { place: "alone", by: "library" },
  { place: "beside", by: "library" },
  { place: "alone", by: "command" },
];

/** Downloads a file in each setup, one after the other: they share the server and its limits. */
async function tryReal(real: Real): Promise<void> {
  const content = randomContent(real.size ?? SIZE, 31);
  const file = real.file ?? "file.bin";
  const { options = {}, flags } = real;
  const asKind = kind(real.name, "", ["file", "file"], (ask) => served(ask), {
    path: `/${file}`,
    // As a user would have it: servers that limit the pace want longer pauses than tests.
    options: { retry: {}, ...options },
    flags,
  });
  using root = rootOf(real, content);
  for (const setup of SETUPS) {
    await using server = await real.start(root.path);
    await using good = await startOddServer({
      content,
      path: `/${file}`,
      serve: (ask) => served(ask),
      bytesPerSecond: 2_500_000,
    });
    const urls = [...server.urls(file), ...setup.place === "beside" ? [good.url] : []];
    const where = `${real.name}, ${setup.place}, by the ${setup.by}`;
    check(where, await run(asKind, setup.by, urls), "file", content, setup.by);
    const most = real.maxRequests?.[setup.place];
    if (most === undefined) continue;
    await server.close();
    const log = root.readText("access.log");
    const requests = log.trim().split("\n").length;
    if (requests > most) throw new Error(`${where}: ${requests} requests`);
    await Deno.remove(root.at("access.log"));
  }
}

const PROGRAMS: readonly Program[] = ["apache2", "lighttpd", "nginx"];
for (const program of PROGRAMS) {
  for (const real of FILES.filter((one) => one.program === program)) {
    if (PENDING[real.name] !== undefined && !Deno.env.has("SPHTTP_PENDING")) continue;
    testWith([program], `real servers: ${real.name}`, () => tryReal(real));
  }
}
