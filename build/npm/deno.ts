/**
 * What the command uses of Deno, over Node.js: the bundler lets it stand for `Deno` in the modules of the command, and
 * refuses what is not here. The library does without.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { readFileSync, readlinkSync, rmSync } from "node:fs";
import * as fs from "node:fs/promises";
import { connect as openSocket } from "node:net";
import os from "node:os";
import process from "node:process";
import { isatty } from "node:tty";
import { deno, denoSync, DescriptorFile, fileInfo, FsFile } from "./files.ts";

export { errors, open, openSync, SeekMode } from "./files.ts";

export const args: string[] = process.argv.slice(2);
export const build = { os: process.platform === "win32" ? "windows" : process.platform };
export const noColor: boolean = Boolean(process.env["NO_COLOR"]);

export function exit(code: number): never {
  process.exit(code);
}

export function addSignalListener(name: Deno.Signal, heard: () => void): void {
  process.on(name, heard);
}

export function removeSignalListener(name: Deno.Signal, heard: () => void): void {
  process.off(name, heard);
}

/** A standard stream. The objects of `process` would make pipes non-blocking, and write later. */
class StandardStream extends DescriptorFile {
  readonly #descriptor: number;

  constructor(descriptor: number) {
    super(descriptor, { seekable: false });
    this.#descriptor = descriptor;
  }

  isTerminal(): boolean {
    return isatty(this.#descriptor);
  }

  setRaw(isRaw: boolean): void {
    process.stdin.setRawMode(isRaw);
    if (!isRaw) process.stdin.destroy();
  }
}

export const stdin: StandardStream = new StandardStream(0);
export const stdout: StandardStream = new StandardStream(1);
export const stderr: StandardStream = new StandardStream(2);

export function consoleSize(): { columns: number; rows: number } {
  // As wide as the terminal, now: its object follows a signal.
  const { columns, rows } = process.stderr;
  if (columns === undefined) throw new Error("stderr is no terminal");
  return { columns, rows };
}

/** Node.js asks for no permissions. */
const granted = (_: Deno.PermissionDescriptor): { state: Deno.PermissionState } => ({
  state: "granted",
});

export const permissions = { querySync: granted, requestSync: granted };

type CommandOptions = Pick<Deno.CommandOptions, "args" | "signal" | "stdin" | "stdout" | "stderr">;

/** Runs a program whose streams are this process's, or none. */
export class Command {
  readonly #program: string;
  readonly #options: CommandOptions;

  constructor(program: string, options: CommandOptions = {}) {
    this.#program = program;
    this.#options = options;
  }

  output(): Promise<{ code: number; signal: string | null }> {
    const { args = [], signal, stdin, stdout, stderr } = this.#options;
    const stdio = [stdin, stdout, stderr].map((kind) => kind === "inherit" ? kind : "ignore");
    return deno(() =>
      new Promise((resolve, reject) => {
        const child = spawn(this.#program, args, { stdio });
        const end = () => child.kill();
        signal?.addEventListener("abort", end);
        child.once("error", reject).once("exit", (code, killedBy) => {
          signal?.removeEventListener("abort", end);
          resolve({ code: code ?? 128, signal: killedBy });
        });
      })
    );
  }
}

/** Stands for a client that is only tried out: the library refuses options that need one. */
export function createHttpClient(_: Deno.CreateHttpClientOptions): Disposable & { close(): void } {
  return { close() {}, [Symbol.dispose]() {} };
}

export async function connect(
  { hostname, port }: Deno.ConnectOptions,
): Promise<Disposable & { close(): void }> {
  const socket = openSocket({ host: hostname, port });
  const close = () => void socket.destroy();
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve).once("error", reject);
  });
  return { close, [Symbol.dispose]: close };
}

export function networkInterfaces(): { name: string; address: string; family: string }[] {
  return Object.entries(os.networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.map(({ address, family }) => ({ name, address, family }))
  );
}

export const readFile = (path: string) => deno(async () => new Uint8Array(await fs.readFile(path)));
export const readTextFile = (path: string) => deno(() => fs.readFile(path, "utf8"));
export const readTextFileSync = (path: string) => denoSync(() => readFileSync(path, "utf8"));
export const readLinkSync = (path: string) => denoSync(() => readlinkSync(path));
export const writeTextFile = (path: string, text: string) => deno(() => fs.writeFile(path, text));
export const mkdir = (path: string, options?: Deno.MkdirOptions) =>
  deno(async () => void await fs.mkdir(path, options));
export const makeTempFile = ({ dir = os.tmpdir(), prefix = "" }: Deno.MakeTempOptions = {}) =>
  deno(async () => {
    const path = `${dir}/${prefix}${crypto.randomUUID()}`;
    await (await fs.open(path, "wx", 0o600)).close();
    return path;
  });
export const remove = (path: string) => deno(() => fs.rm(path));
export const removeSync = (path: string) => denoSync(() => rmSync(path));
export const rename = (from: string, to: string) => deno(() => fs.rename(from, to));
export const realPath = (path: string) => deno(() => fs.realpath(path));
export const stat = (path: string) => deno(async () => fileInfo(await fs.stat(path)));
export const lstat = (path: string) => deno(async () => fileInfo(await fs.lstat(path)));

export { FsFile };
