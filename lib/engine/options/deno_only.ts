/**
 * Options that only Deno can follow: they need HTTP clients of their own, which `fetch` has nowhere else.
 *
 * @module
 */

import { UnsupportedOptionError } from "../../option_errors.ts";
import { nodeProcess, runtimeName } from "../../runtime.ts";
import type { DownloaderOptions } from "./options.ts";

type Options = Pick<
  DownloaderOptions,
  | ("caCerts" | "clientCertificate" | "connect" | "eachAddress" | "fetch" | "headers")
  | ("http" | "noProxy" | "proxy")
>;

/** Throws an {@linkcode UnsupportedOptionError} for the first option that needs Deno where this is not Deno. */
export function refuseDenoOnly(
  options: Options,
  isDeno: boolean = typeof Deno !== "undefined",
): void {
  if (isDeno) return;
  const { caCerts = [], clientCertificate, connect = {}, eachAddress, http, noProxy, proxy } =
    options;
  const rules = Object.entries(connect).map((
    [name, rule],
  ) => [`connect.${name}`, rule !== undefined]);
  const isSet: Readonly<Record<string, boolean>> = {
    caCerts: caCerts.length > 0,
    clientCertificate: clientCertificate !== undefined,
    ...Object.fromEntries(rules),
    eachAddress: eachAddress === true,
    // The `fetch` of others drops it without a word.
    "headers.host": options.fetch === undefined && new Headers(options.headers).has("host"),
    http: http !== undefined && http !== "auto",
    noProxy: noProxy !== undefined,
    proxy: proxy !== undefined,
  };
  const option = Object.entries(isSet).find(([_, set]) => set)?.[0];
  if (option === undefined) return;
  const instead = option === "caCerts" && nodeProcess() !== undefined
    ? "name the file in the variable NODE_EXTRA_CA_CERTS"
    : undefined;
  throw new UnsupportedOptionError(option, "Deno", runtimeName(), instead);
}
