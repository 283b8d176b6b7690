/**
 * Parsers for values of flags that say where connections lead: `--resolve`, `--connect-to`,
 * `--interface` and `--noproxy`, as in curl.
 *
 * @module
 */

import { usageError } from "../../../command_line/command_error.ts";
import { addressIn, bareHost } from "../../../http/address/host.ts";
import { reason } from "../../failure/exit_code.ts";

/** A host without brackets in it, or an IPv6 address in brackets. */
const HOST = "\\[[^\\]]*\\]|[^:\\[\\]]*";
const RESOLVE = new RegExp(`^\\+?(${HOST}):(\\d+):(.+)$`);
const CONNECT_TO = new RegExp(`^(${HOST}):(\\d*):(${HOST}):(\\d*)$`);

/** Parses `HOST:PORT:ADDRESS[,ADDRESS]...`; the host may be `*`. Returns `HOST:PORT`, and the addresses. */
export function parseResolve(flag: string, text: string): [place: string, addresses: string[]] {
  const wrong = (why: string) => usageError(`${flag} is "${text}", but ${why}`);
  const [, host, port, list] = RESOLVE.exec(text) ?? [];
  if (!host || port === undefined || list === undefined || !isHost(host, true) || !isPort(port)) {
    throw wrong("must be HOST:PORT:ADDRESS, like one.example:443:127.0.0.1");
  }
  const addresses = list.split(",").map((given) => {
    const address = addressIn(given);
    if (address !== undefined) return address;
    throw wrong("after the port, there must be IP addresses; --connect-to takes a name");
  });
  return [`${host}:${port}`, addresses];
}

/**
 * Parses `HOST1:PORT1:HOST2:PORT2`. Without the first host or port, it is for any; without the second, it
 * stays as it is.
 */
export function parseConnectTo(flag: string, text: string): [from: string, to: string] {
  const [, host, port, toHost, toPort] = CONNECT_TO.exec(text) ?? [];
  const hosts = [host, toHost].every((one) => one !== undefined && (one === "" || isHost(one)));
  const ports = [port, toPort].every((one) => one !== undefined && (one === "" || isPort(one)));
  if (hosts && ports) return [`${host}:${port}`, `${toHost}:${toPort}`];
  throw usageError(
    `${flag} is "${text}", but must be HOST1:PORT1:HOST2:PORT2, like one.example:443:127.0.0.1:8443`,
  );
}

/** Parses an address of this machine, or the name of an interface, whose address is returned. */
export function parseInterface(flag: string, text: string, family: 4 | 6 | undefined): string {
  const name = bareHost(text.replace(/^(if|host)!/, ""));
  const given = addressIn(name);
  if (given !== undefined) return given;
  const own = interfaces(flag).filter((one) => one.name === name);
  const usable = own.filter((one) => family === undefined || one.family === `IPv${family}`)
    // An address that is valid on its link only needs more than itself.
    .filter(({ address }) => !address.startsWith("fe80:"));
  const address = (usable.find((one) => one.family === "IPv4") ?? usable[0])?.address;
  if (address !== undefined) return address;
  throw usageError(
    own.length > 0
      ? `${flag} is "${text}", which has no usable address`
      : `${flag} is "${text}", but must be an IP address or an interface of this machine`,
  );
}

/** Parses a list of hosts, as it may stand in the environment. */
export function parseHosts(flag: string, text: string): string {
  if (!/\p{Cc}/u.test(text)) return text;
  throw usageError(`${flag} has a control character, but must be hosts separated by commas, or *`);
}

function interfaces(flag: string): Deno.NetworkInterfaceInfo[] {
  try {
    return Deno.networkInterfaces();
  } catch (error) {
    throw usageError(`${flag}: cannot list the interfaces of this machine: ${reason(error)}`);
  }
}

function isHost(text: string, wildcard = false): boolean {
  if (wildcard && text === "*") return true;
  return !/[/?#@\\\s*]/.test(text) && URL.canParse(`http://${text}/`);
}

function isPort(text: string): boolean {
  return Number(text) >= 1 && Number(text) <= 65_535;
}
