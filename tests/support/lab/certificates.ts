/**
 * Certificates for HTTPS on loopback: a test CA, and a leaf for localhost and 127.0.0.1 that it signed. They are two,
 * because rustls refuses a self-signed leaf (CaUsedAsEndEntity).
 *
 * @module
 */

import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** A CA and a leaf, in PEM. */
export interface TestCertificates {
  /** The CA's certificate, which a client has to trust. */
  readonly caPem: string;
  /** The leaf's certificate. */
  readonly certPem: string;
  /** The leaf's private key. */
  readonly keyPem: string;
}

const EC = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY_MS = 86_400_000;

/** What is wrong with a certificate: its time, its name, or that it is a CA's. */
export type CertificateFlaw = "expired" | "name" | "authority";

interface Authority {
  readonly pem: string;
  readonly keys: CryptoKeyPair;
}

let authority: Promise<Authority> | undefined;
let cached: Promise<TestCertificates> | undefined;

/** Returns a test CA and a leaf, valid for two days; the same on every call in one process. */
export function testCertificates(): Promise<TestCertificates> {
  cached ??= generate();
  return cached;
}

/** Returns the same test CA, and a certificate of a server that a client must refuse. */
export function flawedCertificates(flaw: CertificateFlaw): Promise<TestCertificates> {
  return generate(flaw);
}

/** Returns the same test CA, and a certificate of a server with these names, or of a client. */
export function certificatesFor(...names: readonly string[]): Promise<TestCertificates> {
  return generate(undefined, names.map((value) => ({ type: "dns" as const, value })));
}

/** Returns the same test CA, and a certificate of a server with these IP addresses and names. */
export function certificatesForAddresses(
  addresses: readonly string[],
  ...names: readonly string[]
): Promise<TestCertificates> {
  return generate(undefined, [
    ...addresses.map((value) => ({ type: "ip" as const, value })),
    ...names.map((value) => ({ type: "dns" as const, value })),
  ]);
}

const CA_NAME = "CN=sphttp test CA";

async function generate(
  flaw?: CertificateFlaw,
  given?: { type: "dns" | "ip"; value: string }[],
): Promise<TestCertificates> {
  const ca = await (authority ??= generateAuthority());
  const keys = await generateKeys();
  const names = flaw === "name" ? [{ type: "dns" as const, value: "other.test" }] : given ?? [
    { type: "dns" as const, value: "localhost" },
    { type: "ip" as const, value: "127.0.0.1" },
  ];
  const leaf = await X509CertificateGenerator.create({
    notBefore: new Date(Date.now() - 3 * DAY_MS),
    notAfter: new Date(Date.now() + (flaw === "expired" ? -DAY_MS : DAY_MS)),
    subject: "CN=localhost",
    issuer: CA_NAME,
    publicKey: keys.publicKey,
    signingKey: ca.keys.privateKey,
    signingAlgorithm: EC,
    extensions: [
      new BasicConstraintsExtension(flaw === "authority", undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension(names),
    ],
  });
  const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    caPem: ca.pem,
    certPem: leaf.toString("pem"),
    keyPem: PemConverter.encode(key, "PRIVATE KEY"),
  };
}

async function generateAuthority(): Promise<Authority> {
  const keys = await generateKeys();
  const ca = await X509CertificateGenerator.createSelfSigned({
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + DAY_MS),
    name: CA_NAME,
    keys,
    signingAlgorithm: EC,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { pem: ca.toString("pem"), keys };
}

function generateKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(EC, true, ["sign", "verify"]);
}
