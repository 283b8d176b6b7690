import { assertEquals } from "@std/assert";
import {
  isUnknownType,
  mediaTypeOfName,
  parseMediaType,
} from "../../../lib/http/name/media_type.ts";

Deno.test("mediaTypeOfName() returns what an extension stands for, in any case", () => {
  const table: [name: string, type: string | undefined][] = [
    ["film.mkv", "video/x-matroska"],
    ["Film.2024.1080p.MKV", "video/x-matroska"],
    ["film.mp4", "video/mp4"],
    ["song.opus", "audio/ogg"],
    ["picture.JPeG", "image/jpeg"],
    ["paper.pdf", "application/pdf"],
    ["data.tar.gz", "application/gzip"],
    ["data.tgz", "application/gzip"],
    ["a.7z", "application/x-7z-compressed"],
    ["debian.iso", "application/x-iso9660-image"],
    ["disk.img", "application/octet-stream"],
    ["film.mkv ", "video/x-matroska"],
    ["film", undefined],
    ["film.", undefined],
    [".mkv", undefined],
    ["..mkv", undefined],
    ["dir.mkv/film", undefined],
    ["dir/.mkv", undefined],
    ["film.mkv.part", undefined],
    ["film.constructor", undefined],
    ["", undefined],
  ];
  for (const [name, type] of table) assertEquals(mediaTypeOfName(name), type, name);
});

Deno.test("mediaTypeOfName() makes no file a page or a script", () => {
  for (
    const extension of ["html", "htm", "xhtml", "svg", "svgz", "xml", "xsl", "js", "mjs", "css"]
  ) {
    assertEquals(mediaTypeOfName(`a.${extension}`), undefined, extension);
  }
});

Deno.test("isUnknownType() finds the types that mean some bytes", () => {
  const unknown = [
    undefined,
    "",
    "application/octet-stream",
    "Application/Octet-Stream; charset=binary",
    "binary/octet-stream",
    "application/force-download",
    "bin",
  ];
  for (const type of unknown) assertEquals(isUnknownType(type), true, `${type}`);
  for (const type of ["video/mp4", "text/plain; charset=utf-8", "application/zip"]) {
    assertEquals(isUnknownType(type), false, type);
  }
});

Deno.test("parseMediaType() returns one media type in its normal form, and nothing else", () => {
  const table: [value: string | undefined, type: string | undefined][] = [
    ["video/mp4", "video/mp4"],
    [" Video/MP4\t", "video/mp4"],
    ["text/plain;charset=UTF-8", "text/plain; charset=UTF-8"],
    ['video/webm ; codecs="vp9, opus";', 'video/webm; codecs="vp9, opus"'],
    ['a/b; x="\\"y"', 'a/b; x="\\"y"'],
    ["video/mp4, video/mp4", "video/mp4"],
    ["video/mp4, text/html", undefined],
    ["video/mp4, text/html;charset=x", undefined],
    ["video/mp4; text/html", undefined],
    ["video/mp4;charset", undefined],
    ['video/mp4; x="a', undefined],
    ["video/mp4 text/html", undefined],
    ["video/mp4/html", undefined],
    ["video", undefined],
    ["/mp4", undefined],
    ["video/", undefined],
    ["", undefined],
    [",", undefined],
    [undefined, undefined],
    ["text/html\u0000", undefined],
    ["t\u00e4xt/html", undefined],
    [`video/mp4; x=${"a".repeat(2000)}`, undefined],
    ["a/b;".repeat(200), undefined],
  ];
  for (const [value, type] of table) assertEquals(parseMediaType(value), type, value);
});
