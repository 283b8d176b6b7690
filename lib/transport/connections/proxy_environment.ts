/**
 * What Deno reads of the environment when an HTTP client is created: proxies, and hosts that are requested
 * without one. There is no option against it (Deno 2.9), so the variables are changed for that moment,
 * within one synchronous call. Workers share the environment, and may see the change.
 *
 * @module
 */

import { mayRead } from "../../environment.ts";

const PROXIES = ["ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"];
const NO_PROXY = "NO_PROXY";

export interface ProxyEnvironment {
  /** If false, proxies of the environment are not used, nor its list of hosts without one. */
  readonly proxies: boolean;
  /** The list of hosts without a proxy; `undefined` for that of the environment. */
  readonly noProxy: string | undefined;
  /** The option that needs this, for errors. */
  readonly option: string;
}

/** Reports whether the environment has proxies, or may not be read. */
export function mayHaveProxies(): boolean {
  return PROXIES.flatMap((name) => [name, name.toLowerCase()]).some((variable) =>
    !mayRead(variable) || Deno.env.get(variable)
  );
}

/** Reports whether a list of hosts has `*`, to which Deno itself gives no meaning. */
export function hasAllHosts(noProxy: string): boolean {
  return noProxy.split(",").some((host) => host.trim() === "*");
}

/**
 * Returns what `create` returns, called while the environment is as described.
 *
 * @throws {Deno.errors.NotCapable} the environment may not be read
 */
export function withProxyEnvironment<T>(
  { proxies, noProxy, option }: ProxyEnvironment,
  create: () => T,
): T {
  if (proxies && noProxy === undefined) return create();
  const none = !proxies || (noProxy !== undefined && hasAllHosts(noProxy));
  const names = [...none ? PROXIES : [], NO_PROXY].flatMap((name) => [name, name.toLowerCase()]);
  const denied = names.filter((variable) => !mayRead(variable));
  if (denied.length > 0) {
    throw new Deno.errors.NotCapable(
      `${option} needs Deno's permission to read and change the environment: ` +
        `--allow-env=${denied.join(",")}`,
    );
  }
  const before = names.map((name) => [name, Deno.env.get(name)] as const);
  try {
    for (const name of names) Deno.env.delete(name);
    if (!none && noProxy !== undefined) Deno.env.set(NO_PROXY, noProxy);
    return create();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
}
