// A file on mirrors that turn out to differ while it is downloaded: most of them decide.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ExitCode } from "../../../../lib/cli/failure/exit_code.ts";
import { inTime } from "../../../support/download.ts";
import { failCommand, shownBy } from "../../../support/cli/run_command.ts";
import { type Content, otherContent, randomContent } from "../../../support/lab/content.ts";
import { served } from "../../../support/lab/odd_reply.ts";
import { startOddServer } from "../../../support/lab/odd_server.ts";
import { workplace } from "../../../support/workplace.ts";

const SIZE = 3_000_000;
const CONTENT = randomContent(SIZE, 7);
const BYTES = CONTENT.read(0, SIZE);

/** Starts mirrors of these files; those of another one answer first, and are faster, unless all are alike. */
async function startMirrors(
  contents: readonly Content[],
  areAlike = false,
): Promise<{ urls: string[] } & AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  const urls: string[] = [];
  for (const [index, content] of contents.entries()) {
    const isRight = content === CONTENT;
    const isSlow = isRight || areAlike;
    const server = await startOddServer({
      content,
      bytesPerSecond: isSlow ? 4_000_000 : 12_000_000,
      path: isRight ? "/right.bin" : "/wrong.bin",
      serve: (ask) => served(ask, { etag: `"${index}"` }).after(isSlow ? 20 : 0),
    });
    urls.push(stack.use(server).url);
  }
  return { urls, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Other files that begin alike: they differ right behind the mirrors' first bytes, or in the middle. */
const OTHERS = [13_000, SIZE / 2].map((from) => otherContent(CONTENT, from));

Deno.test("most mirrors decide on a file that differs behind its first bytes, whichever was first", async () => {
  for (const other of OTHERS) {
    // Two of the other file that send all of it agree: nothing would show that others do not.
    for (
      const contents of [[other, CONTENT, CONTENT], [CONTENT, CONTENT, other, CONTENT, CONTENT]]
    ) {
      await inTime(async () => {
        using work = workplace();
        await using mirrors = await startMirrors(contents);
        const shown = await shownBy(["-o", work.at("film"), ...mirrors.urls]);
        const film = work.read("film");
        assert(film.length === SIZE && film.every((byte, at) => byte === BYTES[at]), shown);
        assertEquals(work.names(), ["film"]);
        assertStringIncludes(
          shown,
          "/wrong.bin has other bytes than most mirrors, and is left out",
        );
        assert(!shown.includes("/right.bin has"), shown);
      });
    }
  }
});

Deno.test("with no majority, or on stdout, mirrors that differ are an error", async () => {
  const [, other] = OTHERS;
  const cases: [contents: Content[], output: (file: string) => string][] = [
    [[other!, CONTENT], (file) => file],
    [[other!, other!, CONTENT, CONTENT], (file) => file],
    [[other!, CONTENT, CONTENT], () => "-"],
  ];
  for (const [contents, output] of cases) {
    // Those that answer too late do not take part.
    await inTime(async () => {
      using work = workplace();
      await using mirrors = await startMirrors(contents, true);
      const { exitCode, message } = await failCommand([
        ...["-s", "-o", output(work.at("film"))],
        ...mirrors.urls,
      ]);
      assertEquals(exitCode, ExitCode.RECEIVE, message);
      assertStringIncludes(message, "the mirrors have different files");
      assert(!work.names().includes("film"));
    });
  }
});
