/**
 * Signs facts with a secret until a time. A signature shows who has the secret, and reveals nothing of
 * it as long as the secret cannot be guessed. Uses HMAC (RFC 2104) with SHA-256 by Web Crypto, which
 * verifies in constant time.
 *
 * @module
 */

/**
 * Minimum length of a secret that signs what others get to see, in characters: with a shorter one, the
 * secret could be found by trying.
 */
export const LEAST_SECRET = 16;

const ALGORITHM = { name: "HMAC", hash: "SHA-256" };
/** Signatures in base64url without padding, after the time in seconds since 1970. */
const FORM = /^(\d{1,12})\.([\w-]{43})$/;

export class Signer {
  readonly #key: Promise<CryptoKey>;

  constructor(secret: string | Uint8Array<ArrayBuffer>) {
    const bytes = typeof secret === "string" ? new TextEncoder().encode(secret) : secret;
    this.#key = crypto.subtle.importKey("raw", bytes, ALGORITHM, false, ["sign", "verify"]);
  }

  /**
   * Signs facts until a time, in milliseconds since 1970; the signature contains the time.
   *
   * @param purpose what the signature is for: it is not valid for anything else
   */
  async sign(purpose: string, facts: unknown, expiresAtMs: number): Promise<string> {
    const seconds = Math.floor(expiresAtMs / 1000);
    const message = messageOf(purpose, facts, seconds);
    const mac = await crypto.subtle.sign(ALGORITHM, await this.#key, message);
    const base64 = new Uint8Array(mac).toBase64({ alphabet: "base64url", omitPadding: true });
    return `${seconds}.${base64}`;
  }

  /** Checks a signature of facts; `nowMs` is the time, in milliseconds since 1970. */
  async verify(
    purpose: string,
    facts: unknown,
    signature: string,
    nowMs: number,
  ): Promise<"valid" | "expired" | "wrong"> {
    const [, digits, base64] = FORM.exec(signature) ?? [];
    if (base64 === undefined) return "wrong";
    const seconds = Number(digits);
    const mac = Uint8Array.fromBase64(base64, { alphabet: "base64url" });
    const message = messageOf(purpose, facts, seconds);
    if (!await crypto.subtle.verify(ALGORITHM, await this.#key, mac, message)) return "wrong";
    return nowMs < seconds * 1000 ? "valid" : "expired";
  }
}

/** Reports whether a text has the form of a signature, valid or not. */
export function looksSigned(text: string): boolean {
  return FORM.test(text);
}

function messageOf(purpose: string, facts: unknown, seconds: number): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(["sphttp", 1, purpose, seconds, facts]));
}
