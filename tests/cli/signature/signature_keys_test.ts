import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { SignatureKeys } from "../../../lib/cli/signature/signature_keys.ts";
import { makeMinisignKey } from "../../support/signatures/minisign_keys.ts";
import {
  daysAgo,
  makeKey,
  renewed,
  revoked,
  sign,
  signText,
  unarmored,
  withoutSubkey,
} from "../../support/signatures/openpgp_keys.ts";
import { testWith } from "../../support/programs/programs.ts";
import { workplace } from "../../support/workplace.ts";

const CONTENT = new TextEncoder().encode("The bytes of a file.\r\n".repeat(5000));
const CHANGED = CONTENT.with(70_000, 0);

type Key = string | Uint8Array;

function document(content: Key, where = "f.asc") {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return { bytes, where, url: `http://host/${where}`, source: `http://host/${where}` };
}

async function keysOf(...keys: readonly Key[]): Promise<SignatureKeys> {
  using place = workplace();
  return await SignatureKeys.of(keys.map((key, index) => place.write(`key${index}`, key)));
}

/** Verifies content, which comes in two pieces; returns who has signed it. */
async function signerOf(signature: Key, keys: readonly Key[], content = CONTENT): Promise<string> {
  const opened = await (await keysOf(...keys)).open(document(signature));
  const verifier = await opened.verifier();
  const half = content.slice(0, 60_000);
  await verifier.update(half);
  // Buffers are used again.
  half.fill(0);
  await verifier.update(content.subarray(60_000));
  await verifier.finish();
  return opened.signer;
}

async function refused(...args: Parameters<typeof signerOf>): Promise<string> {
  const error = await assertRejects(() => signerOf(...args), CommandError);
  assertEquals(error.exitCode, 32, error.message);
  return error.message;
}

Deno.test("OpenPGP: a signature by one of the keys is verified, armored or binary", async () => {
  const [key, other] = [await makeKey(), await makeKey({ subkey: true })];
  const signature = await sign(CONTENT, key);
  const signer = await signerOf(signature, [key.armored]);
  assertStringIncludes(signer, key.publicKey.getFingerprint().toUpperCase());
  assertStringIncludes(signer, "(A Publisher <keys@publisher.example>)");
  const binary = await unarmored(signature);
  await signerOf(binary, [other.publicKey.write(), key.publicKey.write()]);
  // Several armored keys with text between them, as projects publish them.
  await signerOf(binary, [`pub 1\n${other.armored}\npub 2\n${key.armored}`]);
  await signerOf(await sign(CONTENT, other), [other.armored]);
  // Of two signatures, one by a key that the user has not named, in one file or armor, or each in its own.
  const unknown = await sign(CONTENT, other);
  const damaged = unknown.replace(/\n\n[^]{9}/, "\n\n");
  for (const before of [unknown, `${damaged}\n${damaged}`]) {
    await signerOf(`${before}\n${signature}`, [key.armored]);
  }
  await signerOf(new Uint8Array([...await unarmored(await sign(CONTENT, other)), ...binary]), [
    key.armored,
  ]);
});

Deno.test("OpenPGP: other bytes, and keys that count for nothing, are told apart", async () => {
  const [key, other] = [await makeKey(), await makeKey()];
  const signature = await sign(CONTENT, key);
  const bad = await refused(signature, [key.armored], CHANGED);
  assertStringIncludes(bad, "the signature f.asc is not of these bytes");
  const unknown = await refused(signature, [other.armored]);
  const id = key.publicKey.getKeyID().toHex().toUpperCase();
  assertStringIncludes(unknown, `was made by key ${id}, which is not in `);
  assertStringIncludes(await refused(signature, [await revoked(key)]), "was revoked");
  const expired = await makeKey({ validFor: 10 });
  const early = await sign(CONTENT, expired, daysAgo(25));
  const day = daysAgo(20).toISOString().slice(0, 10);
  assertStringIncludes(await refused(early, [expired.armored]), `expired on ${day}`);
  const late = await sign(CONTENT, key, daysAgo(-2));
  assertStringIncludes(await refused(late, [key.armored]), "is in the future");
  // Neither good nor bad signatures of minisign's keys.
  const { publicKey } = await makeMinisignKey();
  const keys = await SignatureKeys.of([publicKey]);
  const mixed = await assertRejects(() => keys.open(document(signature)), CommandError);
  assertStringIncludes(mixed.message, "has keys of minisign only");
});

Deno.test("OpenPGP: weak keys and hashes are refused before the file is downloaded", async () => {
  const [key, weak] = [await makeKey(), await makeKey({ weak: true })];
  const bytes = await unarmored(await sign(CONTENT, key));
  // The packet has a header of two bytes; a version, the type, the algorithm of the key, that of the hash.
  assertEquals([bytes[2], bytes[4]], [4, 22]);
  const table: [signature: Key, keys: Key, says: RegExp][] = [
    [
      await sign(CONTENT, weak),
      weak.armored,
      /key \S+ \(A Publisher .* cannot be used: .*RSA keys shorter/,
    ],
    [bytes.with(5, 2), key.armored, /it is over a hash of sha1, which can be forged/],
  ];
  for (const [signature, own, says] of table) {
    const keys = await keysOf(own);
    const error = await assertRejects(() => keys.open(document(signature)), CommandError);
    assertMatch(error.message, says);
    assertEquals(error.exitCode, 32);
  }
});

Deno.test("OpenPGP: of copies of a key, a renewal and a revocation count in any order", async () => {
  const [expired, key] = [await makeKey({ validFor: 10 }), await makeKey()];
  const signature = await sign(CONTENT, expired, daysAgo(25));
  const copies = [expired.armored, await renewed(expired)];
  for (const keys of [copies, copies.toReversed()]) {
    assertStringIncludes(await signerOf(signature, keys), "A Publisher");
  }
  const other = await sign(CONTENT, key);
  const both = [key.armored, await revoked(key)];
  for (const keys of [both, both.toReversed()]) {
    assertStringIncludes(await refused(other, keys), "was revoked");
  }
});

Deno.test("a signature that begins again and again is refused at once", async () => {
  const key = await makeKey();
  const hostile = "-----BEGIN PGP SIGNATURE-----\n\n".repeat(30_000);
  const keys = await keysOf(key.armored);
  const error = await assertRejects(() => keys.open(document(hostile)), CommandError);
  assertStringIncludes(error.message, "is not a signature of OpenPGP or minisign");
});

Deno.test("OpenPGP: of a text signed in clear, only what is signed is returned", async () => {
  const [key, other] = [await makeKey(), await makeKey()];
  const text = "0123  f.iso\n- dash\n";
  const signed = await signText(text, key);
  const keys = await keysOf(key.armored);
  const read = async (content: string) => {
    const opened = await keys.openText(document(content, "SHA256SUMS"));
    return opened && new TextDecoder().decode(opened.bytes);
  };
  assertEquals(await read(signed), text);
  assertEquals(await read(text), undefined);
  const surrounded = `ffff  f.iso\n${signed}\neeee  f.iso\n`;
  assertEquals(await read(surrounded).catch((error) => error.exitCode), text);
  const changes = [
    signed.replace("0123", "0124"),
    signed.replace(/-----BEGIN PGP SIGNATURE[^]*/, ""),
    await signText(text, other),
  ];
  for (const content of changes) {
    const error = await assertRejects(() => read(content), CommandError);
    assertEquals(error.exitCode, 32, error.message);
  }
});

Deno.test("minisign: both forms are verified; keys, comments and bytes that differ are refused", async () => {
  const [key, other] = [await makeMinisignKey(0xab), await makeMinisignKey(2)];
  for (const legacy of [false, true]) {
    const signature = await key.sign(CONTENT, { legacy, comment: "file:f\tversion 2" });
    const signer = await signerOf(signature, [other.publicFile, key.publicFile]);
    assertEquals(signer, "key ABABABABABABABAB (file:f version 2)");
    const bad = await refused(signature, [key.publicFile], CHANGED);
    assertStringIncludes(bad, "by key ABABABABABABABAB is not of these bytes");
    const unknown = await refused(signature, [other.publicFile]);
    assertStringIncludes(unknown, "was made by key ABABABABABABABAB, which is not in ");
    const comment = signature.replace("version 2", "version 3");
    assertStringIncludes(await refused(comment, [key.publicFile]), "its trusted comment is not");
    await signerOf(signature.replaceAll("\n", "\r\n"), [key.publicFile]);
  }
  // A key of the same ID is another one.
  const same = await makeMinisignKey(0xab);
  await refused(await key.sign(CONTENT), [same.publicFile]);
  // The key itself may be given.
  const keys = await SignatureKeys.of([key.publicKey]);
  await keys.open(document(await key.sign(CONTENT)));
});

Deno.test("minisign: a legacy signature of a large file is refused, not verified in memory", async () => {
  const key = await makeMinisignKey();
  const keys = await SignatureKeys.of([key.publicKey]);
  const opened = await keys.open(document(await key.sign(CONTENT, { legacy: true })));
  const verifier = await opened.verifier();
  const part = new Uint8Array(20 * 1024 * 1024);
  for (let count = 0; count < 3; count++) await verifier.update(part);
  const error = await assertRejects(async () => await verifier.update(part), CommandError);
  assertStringIncludes(error.message, "minisign -V");
});

Deno.test("what is no signature, and what is no key, is refused", async () => {
  const [key, mini] = [await makeKey(), await makeMinisignKey()];
  const keys = await keysOf(key.armored, mini.publicFile);
  const signature = await mini.sign(CONTENT);
  const documents: Key[] = [
    "",
    "hello",
    "<!doctype html><title>404</title>",
    await signText("text", key),
    key.armored,
    "-----BEGIN PGP SIGNATURE-----\n\nxxxx\n-----END PGP SIGNATURE-----\n",
    new Uint8Array([0x88, 0x75, 4, 0]),
    signature.slice(0, 100),
    signature.replace("trusted comment: t", "t"),
    mini.publicFile,
  ];
  for (const content of documents) {
    const error = await assertRejects(() => keys.open(document(content)), CommandError);
    assertEquals(error.exitCode, 56, `${content}: ${error.message}`);
    assert(error.message.startsWith("f.asc is "), error.message);
  }
  const sources: Key[] = [
    "",
    "hello",
    key.privateKey.armor(),
    "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxxxx\n-----END PGP PUBLIC KEY BLOCK-----\n",
    new Uint8Array([0x99, 1, 2, 3]),
    signature,
    await sign(CONTENT, key),
  ];
  for (const source of sources) {
    const error = await assertRejects(() => keysOf(source), CommandError);
    assertEquals(error.exitCode, 2, `${source}: ${error.message}`);
    assertStringIncludes(error.message, "--signature-key");
  }
  for (const source of ["/nonexistent", "https://host/key.asc"]) {
    const error = await assertRejects(() => SignatureKeys.of([source]), CommandError);
    assertEquals(error.exitCode, 2);
  }
});

testWith(["gpg"], "OpenPGP: what GnuPG signs is verified, until it expires", async () => {
  using place = workplace();
  place.write("f", CONTENT);
  Deno.mkdirSync(place.at("home"), { mode: 0o700 });
  const gpg = async (...args: string[]) => {
    const { success, stdout, stderr } = await new Deno.Command("gpg", {
      args: ["--homedir", place.at("home"), "--batch", "--yes", "--no-autostart", ...args],
      env: { LC_ALL: "C" },
    }).output();
    return { success, stdout, said: new TextDecoder().decode(stderr) };
  };
  // Keys need the agent.
  const agent = ["--homedir", place.at("home"), "--daemon"];
  const made = await makeKey();
  const secret = place.write("secret", made.privateKey.armor());
  const { success: runs } = await new Deno.Command("gpg-agent", { args: agent, stderr: "null" })
    .output();
  assert(runs);
  try {
    const imported = await gpg("--import", secret);
    assert(imported.success, imported.said);
    const signed = await gpg("-o", place.at("f.asc"), "--armor", "--detach-sign", place.at("f"));
    assert(signed.success, signed.said);
    await signerOf(place.readText("f.asc"), [made.armored]);
    const text = await gpg("-o", place.at("clear"), "--clear-sign", place.at("f"));
    assert(text.success, text.said);
    const keys = await keysOf(made.armored);
    const opened = await keys.openText(document(place.readText("clear")));
    assert(opened !== undefined);
    const old = ["--faked-system-time", `${Math.floor(daysAgo(9).getTime() / 1000)}!`];
    const short = await gpg(
      ...[...old, "--default-sig-expire", "2d", "-o", place.at("f.old"), "-b", place.at("f")],
    );
    assert(short.success, short.said);
    const message = await refused(place.read("f.old"), [made.armored]);
    assertStringIncludes(message, `it expired on ${daysAgo(7).toISOString().slice(0, 10)}`);
  } finally {
    const kill = ["--homedir", place.at("home"), "--kill", "gpg-agent"];
    await new Deno.Command("gpgconf", { args: kill }).output();
  }
});

testWith(["minisign"], "minisign: what it signs is verified", async () => {
  using place = workplace();
  const run = async (...args: string[]) => {
    const { success, stderr } = await new Deno.Command("minisign", { args }).output();
    assert(success, new TextDecoder().decode(stderr));
  };
  const [key, secret] = [place.at("k.pub"), place.at("k.key")];
  await run("-G", "-W", "-p", key, "-s", secret);
  place.write("f", CONTENT);
  for (const form of [[], ["-l"]]) {
    await run("-S", ...form, "-t", "a comment", "-s", secret, "-m", place.at("f"));
    const signer = await signerOf(place.readText("f.minisig"), [place.readText("k.pub")]);
    assertStringIncludes(signer, "(a comment)");
  }
});

Deno.test("OpenPGP: a subkey that has expired, or was revoked, counts for nothing", async () => {
  const expired = await makeKey({ subkey: true, subkeyFor: 10 });
  const early = await sign(CONTENT, expired, daysAgo(25));
  const day = daysAgo(20).toISOString().slice(0, 10);
  const old = new RegExp(`the subkey of its key .* expired on ${day}`);
  assertMatch(await refused(early, [expired.armored]), old);
  const key = await makeKey({ subkey: true });
  const signature = await sign(CONTENT, key);
  const said = await refused(signature, [await withoutSubkey(key)]);
  assertMatch(said, /the subkey of its key .* was revoked/);
});
