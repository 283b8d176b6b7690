/**
 * Certificates for HTTPS on loopback: a test CA, and a leaf for localhost and 127.0.0.1 signed by it. They have to be
 * two, because rustls refuses a self-signed leaf (CaUsedAsEndEntity). Made at run time by the openssl command.
 *
 * @module
 */

import { findExecutable } from "./executable.ts";

/** A CA and a leaf, in PEM. */
export interface TestCertificates {
  /** What a client has to trust. */
  readonly caPem: string;
  /** The leaf's certificate. */
  readonly certPem: string;
  /** The leaf's private key. */
  readonly keyPem: string;
}

const LEAF_EXTENSIONS = `basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=DNS:localhost,IP:127.0.0.1
`;

const CA_CONFIG = `[req]
distinguished_name=name
x509_extensions=ca
prompt=no
[name]
CN=sphttp test CA
[ca]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
`;

let cached: TestCertificates | undefined;

/** Path of the openssl command, undefined where there is none. */
export function opensslPath(): string | undefined {
  return findExecutable("openssl");
}

/**
 * A test CA and a leaf for localhost and 127.0.0.1, valid for two days; the same in every call of one process.
 *
 * @throws {Error} when there is no openssl command, or it fails
 */
export function testCertificates(): TestCertificates {
  cached ??= generate();
  return cached;
}

function generate(): TestCertificates {
  const dir = Deno.makeTempDirSync({ prefix: "sphttp-certificates-" });
  try {
    Deno.writeTextFileSync(`${dir}/ca.cnf`, CA_CONFIG);
    Deno.writeTextFileSync(`${dir}/leaf.ext`, LEAF_EXTENSIONS);
    const key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256";
    openssl(dir, `req -x509 ${key} -config ca.cnf -days 2 -keyout ca.key -out ca.pem`);
    openssl(
      dir,
      `req -new ${key} -config ca.cnf -subj /CN=localhost -keyout key.pem -out leaf.csr`,
    );
    openssl(
      dir,
      "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -set_serial 2 -sha256 -days 2 -extfile leaf.ext -out cert.pem",
    );
    return {
      caPem: Deno.readTextFileSync(`${dir}/ca.pem`),
      certPem: Deno.readTextFileSync(`${dir}/cert.pem`),
      keyPem: Deno.readTextFileSync(`${dir}/key.pem`),
    };
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

function openssl(cwd: string, args: string): void {
  const path = opensslPath();
  if (path === undefined) throw new Error("There is no openssl command to make certificates with");
  const { success, stderr } = new Deno.Command(path, { args: args.split(" "), cwd }).outputSync();
  if (!success) throw new Error(`openssl ${args} failed: ${new TextDecoder().decode(stderr)}`);
}
