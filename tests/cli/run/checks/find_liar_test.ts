import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ExitCode } from "../../../../lib/cli/failure/exit_code.ts";
import { findLiar, type WrongFile } from "../../../../lib/cli/run/checks/find_liar.ts";
import { CommandError } from "../../../../lib/command_line/command_error.ts";
import { formatMetalink } from "../../../../metalink.ts";
import { failCommand, shownBy } from "../../../support/cli/run_command.ts";
import { withMirrors } from "../../../support/download.ts";
import { flippedContent, randomContent } from "../../../support/lab/content.ts";
import { workplace } from "../../../support/workplace.ts";

const SIZE = 1_500_000;
const CONTENT = randomContent(SIZE, 3);
const BYTES = CONTENT.read(0, SIZE).slice();
const LIAR = flippedContent(CONTENT, [700_000, 900_000]);
const SMALL = ["--split-size", "50000"];
const CHECKSUM = ["--checksum", `sha-256=${CONTENT.sha256()}`, ...SMALL];
/** Other mirrors send little, so that the liar sends what it is wrong in; until that is noticed. */
const SLOW = { content: CONTENT, bytesPerSecond: 300_000, silentAfter: 300_000 };
const NOTICED = "the file is not the one that is expected";

Deno.test("a mirror that flips bits is found by the checksum of the file, and the file is right", async () => {
  for (const others of [[SLOW], [SLOW, SLOW]]) {
    using work = workplace();
    await withMirrors([{ content: LIAR }, ...others], async (urls, mirrors) => {
      const hurry = (shown: string) => {
        if (shown.includes(NOTICED)) { for (const mirror of mirrors) mirror.setRate(undefined); }
      };
      const shown = await shownBy([...CHECKSUM, "-o", work.at("film"), ...urls], hurry);
      assertEquals(work.read("film"), BYTES);
      assertEquals(work.names(), ["film"]);
      assertStringIncludes(shown, `${urls[0]} sent other bytes than the file has: bytes `);
      assertStringIncludes(shown, `send up to ${others.length === 1 ? "1.5" : "3.0"} MB for that`);
      assertStringIncludes(shown, "the file is right");
      for (const url of urls.slice(1)) assert(!shown.includes(`${url} sent other`), shown);
    });
  }
});

Deno.test("the digest of a Metalink, of a checksum file and of the servers do the same", async () => {
  const hex = CONTENT.sha256();
  const digest = `sha-256=:${Uint8Array.fromHex(hex).toBase64()}:`;
  const responseHeaders = { "repr-digest": digest };
  for (const way of ["metalink", "file", "served"]) {
    using work = workplace();
    const served = way === "served" ? { responseHeaders } : {};
    const mirrors = [{ content: LIAR, ...served }, { ...SLOW, ...served }];
    await withMirrors(mirrors, async (urls, mirrors) => {
      const file = { name: "film", hashes: { "sha-256": hex }, urls: urls.map((url) => ({ url })) };
      const args = {
        metalink: () => ["-M", work.write("film.meta4", formatMetalink([file]))],
        file: () => ["--checksum-file", work.write("SHA256SUMS", `${hex}  film\n`), ...urls],
        served: () => urls,
      }[way]!();
      const hurry = (shown: string) => {
        if (shown.includes(NOTICED)) mirrors[1]!.setRate(undefined);
      };
      const shown = await shownBy([...SMALL, "-o", work.at("film"), ...args], hurry);
      assertEquals(work.read("film"), BYTES);
      assertStringIncludes(shown, `${urls[0]} sent other bytes than the file has`);
    });
  }
});

Deno.test("an interruption ends the search, and leaves the part file as it was", async () => {
  using work = workplace();
  await withMirrors([{ content: LIAR }, SLOW], async (urls) => {
    const args = [...CHECKSUM, "-o", work.at("film"), ...urls];
    const { exitCode } = await failCommand(args, (shown, abort) => {
      if (shown.includes(NOTICED)) abort();
    });
    assertEquals(exitCode, ExitCode.INTERRUPTED);
    assertEquals(work.names(), ["film.part", "film.part.json"]);
    assertEquals(work.read("film.part")[700_000], LIAR.read(700_000, 700_001)[0]);
  });
});

Deno.test("where no mirror has the file, it is not renamed; the error says who has sent which bytes", async () => {
  using work = workplace();
  await withMirrors([{ content: LIAR }, { content: LIAR }], async (urls) => {
    const { exitCode, message } = await failCommand([
      ...CHECKSUM,
      ...["-o", work.at("film"), ...urls],
    ]);
    assertEquals(exitCode, ExitCode.CHECKSUM);
    assertStringIncludes(message, "the sha-256 checksum does not match");
    assert(/http\S+ sent \d+ %: bytes \d+-\d+/.test(message), message);
    assertEquals(work.names(), ["film.part", "film.part.json"]);
    assertEquals(work.read("film.part"), LIAR.read(0, SIZE).slice());
  });
});

Deno.test("a pipe gets the error, and who has sent which bytes", async () => {
  await withMirrors([{ content: LIAR }, SLOW], async (urls, mirrors) => {
    const { exitCode, message } = await failCommand([
      ...CHECKSUM,
      ...["-o", "/dev/null", ...urls],
    ]);
    assertEquals(exitCode, ExitCode.CHECKSUM);
    assertStringIncludes(message, `${urls[0]} sent `);
    const sizes = mirrors.map(({ requests }) => requests.length);
    assert(sizes.every((count) => count > 0));
  });
});

Deno.test("-C -: wrong bytes of an earlier download are replaced", async () => {
  using work = workplace();
  const part = BYTES.slice(0, 1_000_000);
  part[400_000]! ^= 1;
  work.write("film.part", part);
  await withMirrors([{ content: CONTENT }, { content: CONTENT }], async (urls) => {
    const shown = await shownBy([...CHECKSUM, "-C", "-", "-o", work.at("film"), ...urls]);
    assertEquals(work.read("film"), BYTES);
    assertEquals(work.names(), ["film"]);
    assertStringIncludes(shown, "an earlier download left other bytes than the file has");
  });
});

Deno.test("-r: a range of the file is corrected in the same way", async () => {
  using work = workplace();
  const range = CONTENT.read(300_000, 1_200_000).slice();
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", range)).toHex();
  await withMirrors([{ content: LIAR }, SLOW], async (urls, mirrors) => {
    const hurry = (shown: string) => {
      if (shown.includes(NOTICED)) { for (const mirror of mirrors) mirror.setRate(undefined); }
    };
    const args = ["--checksum", `sha-256=${sum}`, "--split-size", "50000", "-r", "300000-1199999"];
    const shown = await shownBy([...args, "-o", work.at("film"), ...urls], hurry);
    assertEquals(work.read("film"), range);
    assertStringIncludes(shown, `${urls[0]} sent other bytes than the file has`);
  });
});

Deno.test("findLiar() leaves errors alone that say nothing of the content", async () => {
  const error = new Error("the disk is full");
  assertEquals(
    await findLiar(error, { options: {} } as WrongFile).catch((thrown) => thrown),
    error,
  );
});

Deno.test("findLiar() says that a file cannot be corrected where its folder has gone", async () => {
  using work = workplace();
  using file = await Deno.open(work.write("film", "wrong"), { read: true, write: true });
  const mirrors = ["http://a.example/f", "http://b.example/f"];
  const wrong = {
    part: {
      finished: () => Promise.resolve({ file, path: work.at("gone/film") }),
      ...{ existing: { length: 0 }, partName: "film.part", kept: undefined },
    },
    start: 0,
    download: {
      stats: () => ({ mirrors: mirrors.map((url) => ({ url, state: "active", bytes: 1 })) }),
      origins: () => [],
    },
    options: {},
    signal: new AbortController().signal,
    report: { note: () => {}, comparing: () => {} },
  };
  const error = new CommandError(ExitCode.CHECKSUM, "the checksum differs");
  const found = await findLiar(
    error,
    { checks: {}, urls: mirrors, ...wrong } as unknown as WrongFile,
  )
    .catch((thrown) => thrown);
  assertEquals(found.exitCode, ExitCode.WRITE, found.message);
  assertStringIncludes(found.message, "cannot correct film.part");
});
