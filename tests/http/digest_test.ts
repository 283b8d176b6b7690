import { assertEquals } from "@std/assert";
import {
  readContentDigest,
  readFileHashes,
  readLegacyDigest,
  readReprDigest,
} from "../../lib/http/digest.ts";

const TYPES = { "sha-512": 64, "sha-256": 32, "sha-1": 20, "md5": 16 } as const;

/** Hashes of made-up bytes, in hexadecimal and base64. */
const [HEX, BASE64] = ["toHex", "toBase64"].map((write) =>
  Object.fromEntries(
    Object.entries(TYPES).map(([type, length]) => {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 255);
      return [type, write === "toHex" ? bytes.toHex() : bytes.toBase64()];
    }),
  )
) as [Record<keyof typeof TYPES, string>, Record<keyof typeof TYPES, string>];

const SHA256 = { "sha-256": HEX["sha-256"] };

Deno.test("readReprDigest() and readContentDigest() read dictionaries", () => {
  const sha256 = `sha-256=:${BASE64["sha-256"]}:`;
  const table: [value: string, hashes: object, problem?: string][] = [
    [sha256, SHA256],
    [`  ${sha256}\t`, SHA256],
    [`${sha256}, sha-512=:${BASE64["sha-512"]}:`, { ...SHA256, "sha-512": HEX["sha-512"] }],
    [`sha=:${BASE64["sha-1"]}: ,\tmd5=:${BASE64.md5}:`, { "sha-1": HEX["sha-1"], "md5": HEX.md5 }],
    [`unixsum=:AAAAAA==:, crc32c=:AAAAAA==:, ${sha256};a=1;b;c="x, \\"y"`, SHA256],
    [
      `other=1, another=-1.5, flag, not=?0, text="a, b", word=*a/b:c;q=:AA==:, date=@1, ${sha256}`,
      SHA256,
    ],
    // Of several with a key, the last counts.
    [`sha-256=:AAAA:, ${sha256}`, SHA256],
    [`sha-256=:AAAA:`, {}, "its sha-256 is malformed"],
    [`md5=:${BASE64["sha-256"]}:, ${sha256}`, SHA256, "its md5 is malformed"],
    ["sha-256", {}, "its sha-256 is malformed"],
    ["sha-256=1", {}, "its sha-256 is malformed"],
    [`sha-256=${BASE64["sha-256"]}`, {}, "it is malformed"],
    [`sha-256=:${BASE64["sha-256"]}`, {}, "it is malformed"],
    [`${sha256},`, {}, "it is malformed"],
    [`${sha256} x`, {}, "it is malformed"],
    [`${sha256}; `, {}, "it is malformed"],
    [`SHA-256=:${BASE64["sha-256"]}:`, {}, "it is malformed"],
    ["é", {}, "it is malformed"],
    ["a=1,".repeat(20_000), {}, "it is longer than 65536 characters"],
  ];
  for (const [value, hashes, problem] of table) {
    for (
      const [name, read] of [["repr-digest", readReprDigest], [
        "content-digest",
        readContentDigest,
      ]] as const
    ) {
      assertEquals(read(new Headers({ [name]: value })), { hashes, problem }, value);
    }
  }
  assertEquals(readReprDigest(new Headers()), { hashes: {}, problem: undefined });
});

Deno.test("readReprDigest() joins fields that were sent separately", () => {
  const headers = new Headers();
  headers.append("repr-digest", `sha-256=:${BASE64["sha-256"]}:`);
  headers.append("repr-digest", `md5=:${BASE64.md5}:`);
  assertEquals(readReprDigest(headers).hashes, { ...SHA256, "md5": HEX.md5 });
});

Deno.test("readLegacyDigest() reads Digest", () => {
  const table: [value: string, hashes: object, problem?: string][] = [
    [`SHA-256=${BASE64["sha-256"]}`, SHA256],
    [`sha-256=${BASE64["sha-256"]},SHA=${BASE64["sha-1"]}, MD5=${BASE64.md5}`, {
      ...SHA256,
      "sha-1": HEX["sha-1"],
      "md5": HEX.md5,
    }],
    [`UNIXsum=30637, sha256 = ${BASE64["sha-256"]} ,,`, SHA256],
    [`SHA-256=${BASE64["sha-256"]}, sha-256=${BASE64["sha-256"]}`, SHA256],
    [
      `SHA-256=${BASE64["sha-256"]}, sha-256=${
        BASE64["sha-256"].replace("R", "S").replace("I", "J")
      }`,
      {},
      "two sha-256 contradict each other",
    ],
    [`SHA-256=${HEX["sha-256"]}`, {}, "its sha-256 is malformed"],
    ["SHA-256", {}, "its sha-256 is malformed"],
    ["", {}],
  ];
  for (const [value, hashes, problem] of table) {
    assertEquals(readLegacyDigest(new Headers({ digest: value })), { hashes, problem }, value);
  }
});

Deno.test("readFileHashes() reads strong hashes of both fields, unless they contradict each other", () => {
  const other = new Uint8Array(32).toBase64();
  const repr = `sha-256=:${BASE64["sha-256"]}:, md5=:${BASE64.md5}:`;
  const legacy = `SHA-512=${BASE64["sha-512"]}`;
  const table: [
    fields: Record<string, string>,
    believed: boolean,
    hashes: object,
    problem?: string,
  ][] = [
    [{ "repr-digest": repr }, false, SHA256],
    [{ "repr-digest": repr, digest: legacy }, true, { ...SHA256, "sha-512": HEX["sha-512"] }],
    [{ "repr-digest": repr, digest: legacy }, false, SHA256],
    [{ digest: legacy }, false, {}],
    [
      { "repr-digest": repr, digest: `SHA-256=${other}` },
      true,
      {},
      "the sha-256 of Repr-Digest and Digest contradict each other",
    ],
    [
      { "repr-digest": "sha-256=:AA==:" },
      true,
      {},
      "the Repr-Digest is ignored: its sha-256 is malformed",
    ],
    [{ digest: "SHA-256=AA==" }, true, {}, "the Digest is ignored: its sha-256 is malformed"],
  ];
  for (const [fields, believed, hashes, problem] of table) {
    const { doubtful = [], ...read } = readFileHashes(new Headers(fields), believed);
    assertEquals(read, { hashes, problem });
    // Those that only `Digest` gives may be of a part.
    assertEquals(doubtful, Object.keys(hashes).filter((type) => type === "sha-512"));
  }
});
