/**
 * Checks of certificates, URLs and options before the first request, and before any file is written. The
 * engine checks URLs and options; its errors are made to name flags.
 *
 * @module
 */

import {
  Downloader,
  type DownloaderOptions,
  type InsecureFetch,
  type InsecureFetchOptions,
  MirrorUrlError,
  openInsecureFetch,
  OptionRangeError,
  OptionTypeError,
  UnusedOptionError,
} from "../../../mod.ts";
import { CommandError, usageError } from "../../command_line/command_error.ts";
import { readNamedFile } from "../../command_line/values.ts";
import { ExitCode, reason } from "../failure/exit_code.ts";

/**
 * Checks that the engine accepts URLs and options. `places` are where flags were given that a file holds.
 *
 * @throws {CommandError} it does not
 */
export function validate(
  urls: readonly string[],
  options: DownloaderOptions,
  places?: ReadonlyMap<string, string>,
): void {
  try {
    // One that is not opened holds nothing.
    new Downloader(urls, options);
  } catch (error) {
    throw invalidOption(error, places);
  }
}

/** Reads the certificates of `--cacert`; returns an empty list without a path. */
export async function readCertificates(path: string | undefined): Promise<string[]> {
  if (path === undefined) return [];
  const pem = await readNamedFile("--cacert", path);
  if (!pem.includes("-----BEGIN CERTIFICATE-----")) {
    throw usageError(`--cacert: ${path}: no certificates in PEM format`);
  }
  try {
    Deno.createHttpClient({ caCerts: [pem] }).close();
  } catch (error) {
    throw usageError(`--cacert: ${path}: invalid certificates: ${reason(error)}`);
  }
  return [pem];
}

/** Opens the `fetch` of `--insecure`. Rejects with a {@linkcode CommandError} for what it cannot do. */
export async function openInsecure(options: InsecureFetchOptions): Promise<InsecureFetch> {
  try {
    return await openInsecureFetch(options);
  } catch (error) {
    if (!(error instanceof OptionTypeError)) throw error;
    throw usageError(
      error.option === "http"
        ? "--http2 and --insecure cannot be used together"
        : "--insecure cannot be used with a proxy whose URL is https://",
    );
  }
}

/** Returns an error of the engine's constructor as a {@linkcode CommandError} that names the flag. */
export function invalidOption(
  error: unknown,
  places: ReadonlyMap<string, string> = new Map(),
): unknown {
  if (error instanceof MirrorUrlError) return new CommandError(ExitCode.URL, error.message);
  if (!(error instanceof OptionTypeError || error instanceof OptionRangeError)) return error;
  const flag = FLAG_BY_OPTION[error.option] ?? error.option;
  const place = places.get(/^--([\w.-]+)/.exec(flag)?.[1] ?? "");
  const named = place === undefined ? flag : `${place}: ${flag}`;
  if (!(error instanceof UnusedOptionError)) return usageError(`${named} ${error.problem}`);
  const selector = FLAG_BY_OPTION[error.selector];
  return usageError(
    `${named} is not used by ${selector} ${error.chosen}; ` +
      `leave it out or add ${selector} ${error.usedBy}`,
  );
}

/** The flag that sets each option of the engine. */
const FLAG_BY_OPTION: Readonly<Record<string, string>> = {
  splitSize: "--split-size",
  windowSize: "--window",
  delayRequest: "--delay",
  staticDelays: "--static-delay",
  initialDelay: "--no-initial-delay",
  initialDelayCoefficient: "--initial-delay-coefficient",
  duplicateRequest: "--duplicate",
  invalidBlockThreshold: "--invalid-block-threshold",
  closeBadConnections: "--close-bad-connections",
  headers: "--header",
  "headers.host": "--header with Host",
  maxConnectionsPerMirror: "--max-connection-per-server",
  eachAddress: "--each-address",
  deliverAfter: "--deliver-after",
  requireProof: "--require-proof",
  maxRate: "--limit-rate",
  maxRedirects: "--max-redirs",
  "lowestRate.bytesPerSecond": "--speed-limit",
  "lowestRate.periodMs": "--speed-time (in milliseconds)",
  http: "--http1.1 or --http2",
  caCerts: "--cacert",
  clientCertificate: "--cert",
  proxy: "--proxy",
  noProxy: "--noproxy",
  connect: "--resolve and --connect-to",
  "connect.resolve": "--resolve",
  "connect.connectTo": "--connect-to",
  "connect.family": "--ipv4 or --ipv6",
  "connect.localAddress": "--interface",
  connectTimeoutMs: "--connect-timeout (in milliseconds)",
  maxIdleMs: "--max-idle (in milliseconds)",
  "retry.attempts": "--retry plus one",
  "retry.minDelayMs": "--retry-delay (in milliseconds)",
  "retry.maxTimeMs": "--retry-max-time (in milliseconds)",
};
