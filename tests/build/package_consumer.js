/**
 * Uses the package for npm as it was installed beside this script, in Node.js or Bun: downloads from the mirrors given
 * as arguments, and prints what came of it as JSON.
 *
 * @module
 */

// Not literals: where there is no package, its types cannot be checked.
const [library, metalink, trace] = ["sphttp", "sphttp/metalink", "sphttp/trace"];
const { Downloader, UnsupportedOptionError } = await import(library);
const { formatMetalink, parseMetalink } = await import(metalink);
const { analyze } = await import(trace);

async function sha256(parts) {
  const bytes = await new Blob(parts).arrayBuffer();
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function refusal(options) {
  try {
    new Downloader(urls, options);
    return "";
  } catch (error) {
    return error instanceof UnsupportedOptionError ? error.message : `${error}`;
  }
}

async function failureOf(url) {
  try {
    await new Downloader([url], { retry: { attempts: 1 } }).open();
  } catch (error) {
    return error.cause[0].fault;
  }
}

const [refusing, ...urls] = globalThis.process.argv.slice(2);
const download = new Downloader(urls, { trace: true, splitSize: 100_000 });
const parts = [];
for await (const part of download) parts.push(part);
const range = await new Downloader(urls, { range: { start: 1000, end: 5000 } }).response();
const described = formatMetalink([{ name: "a b", urls: [{ url: urls[0] }] }]);

console.log(JSON.stringify({
  sha256: await sha256(parts),
  range: [range.status, (await range.arrayBuffer()).byteLength],
  blocks: analyze(download.trace()).blocks > 0,
  metalink: parseMetalink(described).files.map(({ name }) => name),
  refusals: [
    refusal({ proxy: "http://127.0.0.1:1" }),
    refusal({ caCerts: ["PEM"] }),
    refusal({ http: "http2" }),
  ],
  fault: await failureOf(refusing),
}));
