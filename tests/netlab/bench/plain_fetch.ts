/**
 * Plain `fetch`es of one file, one request to each mirror for a share of it, into a file: what the
 * platform's processor time for the same bytes over the same links is. Not a downloader.
 *
 * ```sh
 * deno run -A plain_fetch.ts FILE [--cacert=PATH] URL=WEIGHT…
 * ```
 *
 * @module
 */

if (import.meta.main) {
  const [path, ...args] = Deno.args;
  const cacert = args.find((arg) => arg.startsWith("--cacert="))?.slice("--cacert=".length);
  const shares = args.filter((arg) => !arg.startsWith("--")).map((arg) => {
    const at = arg.lastIndexOf("=");
    return { url: arg.slice(0, at), weight: Number(arg.slice(at + 1)) };
  });
  const caCerts = cacert === undefined ? undefined : [await Deno.readTextFile(cacert)];
  using client = Deno.createHttpClient({ ...(caCerts && { caCerts }) });
  const first = await fetch(shares[0]!.url, { method: "HEAD", client });
  const size = Number(first.headers.get("content-length"));
  await Deno.writeFile(path!, new Uint8Array());
  const total = shares.reduce((sum, { weight }) => sum + weight, 0);
  let before = 0;
  const ranges = shares.map(({ url, weight }) => {
    const start = Math.round(size * before / total);
    before += weight;
    return { url, start, end: Math.round(size * before / total) };
  });
  await Promise.all(ranges.map(async ({ url, start, end }) => {
    const headers = { range: `bytes=${start}-${end - 1}` };
    const response = await fetch(url, { headers, client });
    const file = await Deno.open(path!, { write: true });
    await file.seek(start, Deno.SeekMode.Start);
    await response.body!.pipeTo(file.writable);
  }));
}
