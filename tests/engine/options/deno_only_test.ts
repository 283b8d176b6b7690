import { assertEquals, assertThrows } from "@std/assert";
import { refuseDenoOnly } from "../../../lib/engine/options/deno_only.ts";
import type { DownloaderOptions } from "../../../lib/engine/options/options.ts";
import { OptionTypeError, UnsupportedOptionError } from "../../../lib/option_errors.ts";

const NEED_DENO: DownloaderOptions[] = [
  { caCerts: ["PEM"] },
  { clientCertificate: { cert: "PEM", key: "PEM" } },
  { connect: { family: 4 } },
  { eachAddress: true },
  { http: "http1" },
  { http: "http2" },
  { noProxy: "" },
  { proxy: "http://proxy.example" },
  { proxy: false },
  { headers: { Host: "other.example" } },
];

/** The options that need Deno in a part only. */
const PARTS: Readonly<Record<string, string>> = {
  connect: "connect.family",
  headers: "headers.host",
};

Deno.test("refuseDenoOnly() names the option and the runtime", () => {
  for (const options of NEED_DENO) {
    const error = assertThrows(() => refuseDenoOnly(options, false), UnsupportedOptionError);
    const [name = ""] = Object.keys(options);
    const option = PARTS[name] ?? name;
    assertEquals(error.option, option);
    assertEquals(error.needs, "Deno");
    assertEquals(error.message, `${option} needs Deno, but this is ${error.runtime}; leave it out`);
    assertEquals(error instanceof OptionTypeError, true);
    refuseDenoOnly(options, true);
  }
});

Deno.test("refuseDenoOnly() accepts what any fetch can do", () => {
  const usual: DownloaderOptions[] = [
    {},
    { caCerts: [], connect: {}, eachAddress: false, http: "auto" },
    { connect: { family: undefined }, proxy: undefined },
    { headers: { host: "other.example" }, splitSize: 2000, fetch },
  ];
  for (const options of usual) refuseDenoOnly(options, false);
});
