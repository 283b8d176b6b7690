/**
 * Servers that label stored bytes with a Content-Encoding, and servers that encode on the way.
 *
 * @module
 */

import { gzipSync } from "node:zlib";
import { type Ask, type Reply, served } from "../support/lab/odd_reply.ts";
import { bytesContent, randomContent } from "../support/lab/content.ts";
import { BOTH, type Kind, kind, SIZE } from "./kind.ts";

/** Labels the stored bytes. */
const labelled = (encoding: string): Kind["serve"] => (ask) =>
  served(ask).set("Content-Encoding", encoding);

/** The file, compressed: it does not get shorter, for it is random. */
const GZIPPED = bytesContent(gzipSync(randomContent(SIZE, 12).read(0, SIZE)));

const TAR_GZ = { path: "/file.tar.gz" };

/** Returns the file compressed on the way: a chunked 200. */
function compressed(ask: Ask): Reply {
  const reply = served(ask, { whole: true });
  return reply.with(gzipSync(ask.content.read(0, ask.content.size))).chunked()
    .set("Content-Encoding", "gzip").set("Vary", "Accept-Encoding");
}

export const ENCODINGS: readonly Kind[] = [
  kind("stored-gzip", "a stored .tar.gz labelled gzip (AddEncoding)", BOTH, labelled("gzip"), {
    ...TAR_GZ,
    breaks: true,
    proxy: true,
  }),
  kind("stored-x-gzip", "a stored .tar.gz labelled x-gzip", BOTH, labelled("x-gzip"), TAR_GZ),
  kind(
    "stored-gzip-typed",
    "a stored .tar.gz of type application/x-gzip, labelled gzip",
    BOTH,
    (ask) => labelled("gzip")(ask).set("Content-Type", "application/x-gzip"),
    TAR_GZ,
  ),
  kind(
    "stored-gzip-whole",
    "a stored .tar.gz labelled gzip; Range is ignored",
    BOTH,
    (ask) => served(ask, { whole: true }).set("Content-Encoding", "gzip"),
    TAR_GZ,
  ),
  kind(
    "stored-gzip-chunked-whole",
    "a stored .tar.gz labelled gzip; Range is ignored; no length",
    ["file", 1],
    (ask) => served(ask, { whole: true }).chunked().set("Content-Encoding", "gzip"),
    {
      ...TAR_GZ,
      alone: /encod|gzip/i,
    },
  ),
  ...["bzip2", "x-bzip2", "xz", "zstd", "br", "deflate", "compress"].map((encoding) =>
    kind(`stored-${encoding}`, `stored bytes labelled ${encoding}`, BOTH, labelled(encoding))
  ),
  ...[
    "aws-chunked",
    "utf-8",
    "UTF-8",
    "binary",
    "identity",
    "none",
    "raw",
    "8bit",
    "application/octet-stream",
  ].map(
    (encoding) =>
      kind(
        `labelled-${encoding.replace("/", "-")}`,
        `stored bytes labelled ${encoding}`,
        BOTH,
        labelled(encoding),
        { proxy: encoding === "aws-chunked" },
      ),
  ),
  kind("labelled-empty", "an empty Content-Encoding", BOTH, labelled("")),
  kind(
    "labelled-gzip-aws",
    "stored bytes labelled gzip, aws-chunked",
    BOTH,
    labelled("gzip, aws-chunked"),
  ),
  kind(
    "gzip-on-the-way",
    "compresses every answer, whatever is accepted",
    ["wrong", "file"],
    compressed,
    {
      alone: /encod|gzip/i,
      proxy: true,
    },
  ),
  kind(
    "gzip-on-the-way-with-length",
    "compresses every answer, with its length: like a stored file",
    ["wrong", "wrong"],
    (ask) => served(ask, { content: GZIPPED, whole: true }).set("Content-Encoding", "gzip"),
    { alone: GZIPPED, beside: ["file", /different files/] },
  ),
  kind(
    "gzip-first",
    "compresses the first answer only",
    ["wrong", "file"],
    (ask) => ask.index === 0 ? compressed(ask) : served(ask),
  ),
  kind(
    "gzip-unless-ranged",
    "compresses answers to requests without Range, and ignores bytes=0-",
    ["wrong", "file"],
    (ask) =>
      /^bytes=[1-9]|^bytes=0-\d/.test(ask.head.headers["range"] ?? "")
        ? served(ask)
        : compressed(ask),
  ),
  kind(
    "gzip-unless-identity",
    "compresses unless Accept-Encoding says identity",
    ["wrong", "file"],
    (ask) =>
      /identity/.test(ask.head.headers["accept-encoding"] ?? "") ? served(ask) : compressed(ask),
  ),
];
