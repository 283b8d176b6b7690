import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { NoMirrorLeftError } from "../../mod.ts";
import { type Ask, refused, type Reply, served } from "../support/lab/odd_reply.ts";
import { type OddServer, startOddServer } from "../support/lab/odd_server.ts";
import { randomContent } from "../support/lab/content.ts";
import { download } from "../support/download.ts";
import { startNginx } from "../support/programs/nginx.ts";
import { testWith } from "../support/programs/programs.ts";
import { workplace } from "../support/workplace.ts";

const FILE = randomContent(1_000_000, 12);

/** As users have them, but that nginx limits rates by a burst each second, which is no stall. */
const USUAL = { retry: {}, splitSize: undefined, stallTimeoutMs: 10_000 };

/** Runs with a server of files, whose names do not matter. */
async function withServer(
  serve: (ask: Ask) => Reply,
  run: (server: OddServer, urls: string[]) => Promise<void>,
): Promise<void> {
  await using server = await startOddServer({
    content: FILE,
    serve,
    path: undefined,
    bytesPerSecond: 8_000_000,
  });
  const names = ["a", "b", "c", "d", "e", "f"];
  await run(server, names.map((name) => `${server.url}?${name}`));
}

for (const status of [403, 429, 503]) {
  Deno.test(`Downloader: six downloads of a host that serves two at once, else ${status}`, () =>
    withServer(
      (ask) => ask.live >= 2 ? refused(status) : served(ask),
      async (server, urls) => {
        const outcomes = await Promise.all(urls.map((url) => download([url], USUAL)));
        for (const { error, sha256, stats } of outcomes) {
          assertEquals([error, sha256], [undefined, FILE.sha256()]);
          assertEquals(stats.mirrors[0]!.failures, 0);
        }
        const count = server.requests.filter((one) => one.status === status).length;
        assert(count > 0 && count < 30, `${count} of ${server.requests.length} refused`);
      },
    ));
}

Deno.test("Downloader: what is missing on a host that serves others fails soon", () =>
  withServer(
    (ask) => ask.head.path.endsWith("?c") ? refused(404) : served(ask),
    async (_server, urls) => {
      const outcomes = await Promise.all(urls.map((url) => download([url], USUAL)));
      assertEquals(outcomes.map(({ error }) => error === undefined), [
        ...[true, true, false, true, true, true],
      ]);
      assertInstanceOf(outcomes[2]!.error, NoMirrorLeftError);
    },
  ));

testWith(
  ["nginx"],
  "Downloader: six downloads of an nginx that takes two connections",
  async () => {
    using place = workplace();
    const names = ["a", "b", "c", "d", "e", "f"];
    for (const name of names) place.write(name, FILE.read(0, FILE.size));
    await using nginx = await startNginx({
      root: place.path,
      listeners: 1,
      extra: "limit_conn one 2; limit_rate 1000k;",
      httpExtra: "limit_conn_zone $binary_remote_addr zone=one:1m;",
    });
    const outcomes = await Promise.all(
      names.map((name) => download(nginx.urls(name), USUAL)),
    );
    for (const { error, sha256 } of outcomes) {
      assertEquals([error, sha256], [undefined, FILE.sha256()]);
    }
  },
);

const BIG = randomContent(8_000_000, 13);

for (
  const [name, connections, beside] of [
    ["alone", undefined, false],
    ["alone with four connections", 4, false],
    ["alone with as many connections as help", "auto", false],
    ["beside a good mirror", undefined, true],
  ] as const
) {
  testWith(
    ["nginx"],
    `Downloader: an nginx that takes five requests a second, ${name}`,
    async () => {
      using place = workplace();
      place.write("file.bin", BIG.read(0, BIG.size));
      const accessLog = place.at("access.log");
      await using nginx = await startNginx({
        root: place.path,
        accessLog,
        listeners: 1,
        extra: "limit_req zone=pace burst=2 nodelay; limit_rate 1500k;",
        httpExtra: "limit_req_zone $binary_remote_addr zone=pace:1m rate=5r/s;",
      });
      await using good = await startNginx({
        root: place.path,
        listeners: 1,
        extra: "limit_rate 1500k;",
      });
      const urls = [...nginx.urls("file.bin"), ...(beside ? good.urls("file.bin") : [])];
      const outcome = await download(urls, { ...USUAL, maxConnectionsPerMirror: connections });
      assertEquals([outcome.error, outcome.sha256], [undefined, BIG.sha256()]);
      assertEquals(outcome.stats.mirrors[0]!.failures, 0);
      const log = await Deno.readTextFile(accessLog);
      const statuses = log.match(/" (206|200|503) /g) ?? [];
      const count = statuses.filter((text) => text.includes("503")).length;
      assert(statuses.length < 30, `${statuses.length} requests, ${count} refused`);
    },
  );
}
