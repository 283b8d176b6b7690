/**
 * Media types, and what the extension of a file name says about them. Covers what people download:
 * film, sound, pictures, documents, archives and images of disks. Types that a browser would run as a
 * page or a script are left out: a name alone never makes a file one of them.
 * Follows RFC 9110 section 8.3.1.
 *
 * @module
 */

/** Extensions by the media type that they stand for. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  "video/mp4": "mp4 m4v mp4v",
  "video/webm": "webm",
  "video/x-matroska": "mkv mk3d",
  "video/quicktime": "mov qt",
  "video/x-msvideo": "avi",
  "video/mpeg": "mpeg mpg mpe m1v m2v vob",
  "video/mp2t": "ts m2ts mts",
  "video/ogg": "ogv",
  "video/x-flv": "flv",
  "video/x-ms-wmv": "wmv",
  "video/x-ms-asf": "asf",
  "video/3gpp": "3gp",
  "video/3gpp2": "3g2",
  "audio/mpeg": "mp3 mp2 mpga",
  "audio/mp4": "m4a m4b",
  "audio/aac": "aac",
  "audio/ogg": "ogg oga spx opus",
  "audio/flac": "flac",
  "audio/wav": "wav",
  "audio/webm": "weba",
  "audio/x-matroska": "mka",
  "audio/x-ms-wma": "wma",
  "audio/aiff": "aif aiff aifc",
  "audio/midi": "mid midi",
  "audio/amr": "amr",
  "audio/x-ape": "ape",
  "audio/x-mpegurl": "m3u",
  "application/vnd.apple.mpegurl": "m3u8",
  "image/jpeg": "jpg jpeg jpe jfif",
  "image/png": "png",
  "image/gif": "gif",
  "image/webp": "webp",
  "image/avif": "avif",
  "image/heic": "heic",
  "image/bmp": "bmp",
  "image/tiff": "tif tiff",
  "image/jxl": "jxl",
  "image/vnd.microsoft.icon": "ico",
  "image/vnd.adobe.photoshop": "psd",
  "application/pdf": "pdf",
  "application/epub+zip": "epub",
  "application/x-mobipocket-ebook": "mobi",
  "image/vnd.djvu": "djvu djv",
  "application/postscript": "ps eps",
  "application/msword": "doc",
  "application/vnd.ms-excel": "xls",
  "application/vnd.ms-powerpoint": "ppt",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
  "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
  "application/vnd.oasis.opendocument.text": "odt",
  "application/vnd.oasis.opendocument.spreadsheet": "ods",
  "application/vnd.oasis.opendocument.presentation": "odp",
  "application/rtf": "rtf",
  "text/plain": "txt log nfo",
  "text/csv": "csv",
  "text/tab-separated-values": "tsv",
  "text/markdown": "md markdown",
  "text/vtt": "vtt",
  "application/x-subrip": "srt",
  "text/x-ssa": "ssa ass",
  "application/json": "json",
  "application/jsonl": "jsonl ndjson",
  "font/ttf": "ttf",
  "font/otf": "otf",
  "font/woff": "woff",
  "font/woff2": "woff2",
  "application/zip": "zip cbz",
  "application/gzip": "gz tgz",
  "application/x-bzip2": "bz2 tbz2",
  "application/x-xz": "xz txz",
  "application/zstd": "zst tzst",
  "application/x-lzma": "lzma",
  "application/x-lz4": "lz4",
  "application/x-tar": "tar",
  "application/x-7z-compressed": "7z",
  "application/vnd.rar": "rar cbr",
  "application/x-cpio": "cpio",
  "application/java-archive": "jar",
  "application/vnd.android.package-archive": "apk",
  "application/vnd.debian.binary-package": "deb udeb",
  "application/x-rpm": "rpm",
  "application/x-iso9660-image": "iso",
  "application/x-apple-diskimage": "dmg",
  "application/x-msdownload": "exe dll",
  "application/x-msi": "msi",
  "application/vnd.ms-cab-compressed": "cab",
  "application/wasm": "wasm",
  "application/vnd.sqlite3": "sqlite sqlite3",
  "application/vnd.apache.parquet": "parquet",
  "application/x-hdf5": "h5 hdf5",
  "application/x-bittorrent": "torrent",
  // Files that are binary, and for which there is no better type.
  "application/octet-stream":
    "bin img raw vmdk vdi qcow2 vhd vhdx safetensors gguf onnx pt npy npz",
};

const TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries(EXTENSIONS).flatMap(([type, extensions]) =>
    extensions.split(" ").map((extension) => [extension, type] as const)
  ),
);

/**
 * Returns the media type that the extension of a file name stands for, `undefined` if it has none or
 * one that says nothing. A name that begins with its only dot has no extension.
 */
export function mediaTypeOfName(name: string): string | undefined {
  const extension = /[^./\\]\.([a-z\d]+)$/i.exec(name.trim())?.[1];
  return extension === undefined ? undefined : TYPES.get(extension.toLowerCase());
}

/** Types by which servers say that they do not know the type. */
const UNKNOWN_TYPES = [
  "application/octet-stream",
  "application/x-octet-stream",
  "binary/octet-stream",
  "application/download",
  "application/x-download",
  "application/force-download",
  "application/x-force-download",
  "application/binary",
  "application/unknown",
  "application/x-unknown",
  "application/x-unknown-content-type",
  "content/unknown",
  "unknown/unknown",
  "*/*",
];

/** Reports whether a `Content-Type` says nothing about the file: it is missing, or means "some bytes". */
export function isUnknownType(contentType: string | undefined): boolean {
  const [type] = (contentType ?? "").split(";", 1);
  return !type!.includes("/") || UNKNOWN_TYPES.includes(type!.trim().toLowerCase());
}

/** A longer value is not read: no type needs so much. */
const MAX_LENGTH = 1024;

const TOKEN = "[\\w!#$%&'*+.^`|~-]+";
const QUOTED = String.raw`"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"`;
/** A media type, up to the next comma. */
const MEDIA_TYPE = new RegExp(
  `[ \\t]*(${TOKEN}/${TOKEN})((?:[ \\t]*;(?:[ \\t]*${TOKEN}=(?:${TOKEN}|${QUOTED}))?)*)[ \\t]*(?:,|$)`,
  "y",
);
const PARAMETER = new RegExp(`${TOKEN}=(?:${TOKEN}|${QUOTED})`, "g");

/**
 * Returns the media type that a `Content-Type` consists of, in its normal form; `undefined` if that is
 * anything else, or several types. A type that is repeated counts once.
 */
export function parseMediaType(value: string | undefined): string | undefined {
  if (value === undefined || value.length > MAX_LENGTH) return undefined;
  const types = new Set<string>();
  for (let index = 0; index < value.length || index === 0; index = MEDIA_TYPE.lastIndex) {
    MEDIA_TYPE.lastIndex = index;
    const [, essence, parameters] = MEDIA_TYPE.exec(value) ?? [];
    if (essence === undefined) return undefined;
    types.add([essence.toLowerCase(), ...parameters!.match(PARAMETER) ?? []].join("; "));
  }
  const [type, ...others] = types;
  return others.length === 0 ? type : undefined;
}
