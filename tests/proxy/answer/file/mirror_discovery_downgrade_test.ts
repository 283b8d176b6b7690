import { assertEquals } from "@std/assert";
import { MirrorDiscovery } from "../../../../lib/proxy/answer/file/mirror_discovery.ts";
import { AddressPolicy } from "../../../../lib/proxy/guard/address_policy.ts";
import { sha256Of } from "../../../../lib/hashing/platform_hash.ts";
import { DOWNLOAD } from "../../../support/proxy/proxy_scene.ts";

/** Public addresses, so that no name is looked up; nothing is sent there. */
const ORIGIN = "https://9.9.9.9/film.bin";
const DUPLICATE = "http://9.9.9.10/f";

Deno.test("MirrorDiscovery: a mirror by https gets no duplicates by http, unless they are allowed", async () => {
  const bytes = new Uint8Array(50_000).fill(7);
  const headers = {
    "link": `<${DUPLICATE}>; rel=duplicate`,
    "repr-digest": `sha-256=:${Uint8Array.fromHex(await sha256Of(bytes)).toBase64()}:`,
  };
  for (const allowDowngrade of [false, true]) {
    const discovery = new MirrorDiscovery({
      ...{ allowDowngrade, maxMirrors: 8, rememberMs: 0, maxAtOnce: 1 },
      policy: new AddressPolicy(),
      download: { ...DOWNLOAD, fetch: () => Promise.resolve(new Response(bytes, { headers })) },
    });
    const found = await discovery.find(ORIGIN, new AbortController().signal);
    assertEquals(found?.urls, allowDowngrade ? [ORIGIN, DUPLICATE] : undefined);
  }
});
