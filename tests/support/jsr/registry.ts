/**
 * A registry on loopback that speaks JSR's protocols: that by which Deno reads packages (`/@scope/name/meta.json`,
 * `VERSION_meta.json` with the sizes and checksums of the files, the files), and as much of its API as `deno publish`
 * uses. Deno takes its address from the variable `JSR_URL`.
 *
 * @module
 */

import { type PackageVersion, refusals } from "./package_files.ts";
import { filesOfArchive } from "../tar.ts";

/** A registry that serves until it is disposed. */
export interface JsrRegistry extends AsyncDisposable {
  /** Its address, for `JSR_URL`. */
  readonly url: string;
  /** The versions of each package, by names such as `@std/http`. */
  readonly packages: ReadonlyMap<string, ReadonlyMap<string, PackageVersion>>;
  /** Paths of all requests, in their order. */
  readonly requests: readonly string[];
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript",
  json: "application/json",
  ts: "text/typescript",
};

/** Starts a registry that has those packages, and takes in others that are published. */
export function serveRegistry(
  initial: Iterable<readonly [name: string, version: string, PackageVersion]>,
): JsrRegistry {
  const packages = new Map<string, Map<string, PackageVersion>>();
  const requests: string[] = [];
  const add = (name: string, version: string, content: PackageVersion) => {
    packages.set(name, new Map(packages.get(name)).set(version, content));
  };
  for (const [name, version, content] of initial) add(name, version, content);

  async function respond(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    requests.push(pathname);
    const api = /^\/api\/scopes\/([\w-]+)\/packages\/([\w-]+)(?:\/versions\/([^/]+))?$/.exec(
      pathname,
    );
    if (api !== null) {
      const [name, version] = [`@${api[1]}/${api[2]}`, api[3]];
      if (request.method === "POST" && version !== undefined) {
        const config = searchParams.get("config")!.slice(1);
        return await publish(name, version, config, await request.bytes());
      }
      if (version === undefined) return Response.json({ scope: api[1], name: api[2] });
      if (packages.get(name)?.has(version)) return Response.json({ version });
      return problem(404, "packageVersionNotFound", `there is no ${name}@${version}`);
    }
    const read = /^\/(@[\w-]+\/[\w-]+)\/(?:meta\.json|([^/]+)_meta\.json|([^/]+)\/(.+))$/.exec(
      pathname,
    );
    const [, name, metaVersion, version, path] = read ?? [];
    const versions = packages.get(name ?? "");
    if (versions === undefined) return problem(404, "packageNotFound", pathname);
    if (path !== undefined) return fileResponse(versions.get(version!), path);
    return metaVersion === undefined
      ? packageMeta(name!, versions)
      : await versionMeta(versions.get(metaVersion));
  }

  async function publish(
    name: string,
    version: string,
    config: string,
    archive: Uint8Array<ArrayBuffer>,
  ): Promise<Response> {
    const files = await filesOfArchive(archive);
    const { exports } = JSON.parse(new TextDecoder().decode(files.get(config)));
    const content = { exports, files };
    const refused = refusals(content);
    if (refused.length === 0) add(name, version, content);
    const error = { code: "graphError", message: refused.join("\n") };
    return Response.json({
      id: crypto.randomUUID(),
      ...refused.length === 0 ? { status: "success", error: null } : { status: "failure", error },
    });
  }

  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, respond);
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    packages,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function problem(status: number, code: string, message: string): Response {
  return Response.json({ code, message }, { status });
}

function packageMeta(name: string, versions: ReadonlyMap<string, PackageVersion>): Response {
  const [scope, short] = name.slice(1).split("/");
  const createdAt = "2026-01-01T00:00:00Z";
  return Response.json({
    scope,
    name: short,
    latest: [...versions.keys()].at(-1),
    versions: Object.fromEntries([...versions.keys()].map((version) => [version, { createdAt }])),
  });
}

async function versionMeta(version: PackageVersion | undefined): Promise<Response> {
  if (version === undefined) return problem(404, "packageVersionNotFound", "no such version");
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for (const [path, content] of version.files) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
    manifest[`/${path}`] = { size: content.length, checksum: `sha256-${digest.toHex()}` };
  }
  return Response.json({ exports: version.exports, manifest });
}

function fileResponse(version: PackageVersion | undefined, path: string): Response {
  const content = version?.files.get(path);
  if (content === undefined) return problem(404, "notFound", path);
  const type = MEDIA_TYPES[path.split(".").at(-1)!] ?? "text/plain";
  return new Response(content, { headers: { "content-type": type } });
}
