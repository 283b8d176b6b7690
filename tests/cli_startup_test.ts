import { assert, assertEquals } from "@std/assert";
import { PLAIN_DOWNLOAD } from "../build/bundle.ts";

const ROOT = new URL("..", import.meta.url);

/** What `deno info --json` says of the modules of an entry point. */
interface GraphInfo {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly code?: { readonly specifier?: string };
      readonly isDynamic?: boolean;
    }[];
  }[];
  readonly redirects?: Readonly<Record<string, string>>;
}

/** Modules of an entry point, by their paths from the project's root. */
interface Loaded {
  readonly atOnce: readonly string[];
  /** Includes those that wait for an `import()`. */
  readonly all: readonly string[];
}

/** Returns the modules that load with an entry point, and with those `imported` by it when it runs. */
async function loadedBy(entry: string, imported: readonly string[] = []): Promise<Loaded> {
  const map = `--import-map=${new URL("import_map.npm.json", ROOT).href}`;
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", map, new URL(entry, ROOT).href],
    stderr: "inherit",
  }).output();
  assert(success);
  const { modules, redirects }: GraphInfo = JSON.parse(new TextDecoder().decode(stdout));
  const shortName = (specifier: string) =>
    specifier.startsWith(ROOT.href) ? specifier.slice(ROOT.href.length) : specifier;
  const graph = new Map(modules.map((module) => [module.specifier, module]));
  const atOnce = new Set<string>();
  const load = (specifier: string) => {
    if (atOnce.has(specifier)) return;
    atOnce.add(specifier);
    for (const { code, isDynamic } of graph.get(specifier)?.dependencies ?? []) {
      if (code?.specifier === undefined) continue;
      const target = redirects?.[code.specifier] ?? code.specifier;
      if (!isDynamic || imported.includes(shortName(target))) load(target);
    }
  };
  load(new URL(entry, ROOT).href);
  const loaded = { atOnce: [...atOnce].map(shortName), all: [...graph.keys()].map(shortName) };
  for (const name of imported) assert(loaded.atOnce.includes(name), `nothing imports ${name}`);
  return loaded;
}

/** Asserts that none of the `rare` modules, files or beginnings of paths, are loaded at once. */
function assertNone({ atOnce, all }: Loaded, rare: readonly string[]): void {
  for (const path of rare) {
    assert(all.some((name) => name.startsWith(path)), `${path} is not a module, or out of reach`);
  }
  assertEquals(atOnce.filter((name) => rare.some((path) => name.startsWith(path))), []);
}

/** Returns the modules of Node and of packages that are loaded at once. */
function foreign({ atOnce }: Loaded): string[] {
  return atOnce.filter((name) => name.includes(":"));
}

/** What few downloads need of the engine. */
const RARE = [
  "lib/transport/connections/dead_address.ts",
  "lib/transport/connections/dialer.ts",
  "lib/transport/insecure/",
  "lib/transport/connections/relay.ts",
];

/** What few commands need. */
const RARE_IN_COMMAND = [
  ...RARE,
  "lib/cli/analyze/",
  "lib/cli/arguments/credentials/client_certificate.ts",
  "lib/cli/arguments/configuration/config_file.ts",
  "lib/cli/arguments/help.ts",
  "lib/cli/arguments/sources/input_file.ts",
  "lib/cli/arguments/credentials/netrc.ts",
  "lib/cli/metalink/",
  "lib/cli/checksum/",
  "lib/cli/completions/",
  "lib/cli/document/",
  "lib/cli/failure/diagnosis.ts",
  "lib/cli/failure/failure.ts",
  "lib/cli/output/same_paths.ts",
  "lib/cli/output/trace_file.ts",
  "lib/cli/plot/",
  "lib/cli/probe/",
  "lib/cli/process/completion_command.ts",
  "lib/cli/report/json_report.ts",
  "lib/cli/report/live_display.ts",
  "lib/cli/report/progress_view.ts",
  "lib/cli/report/write_out.ts",
  "lib/cli/run/download/conditions.ts",
  "lib/cli/run/download/explain_download.ts",
  "lib/cli/run/checks/documents.ts",
  "lib/cli/run/checks/file_checks.ts",
  "lib/cli/run/checks/file_verifier.ts",
  "lib/cli/run/checks/signed_documents.ts",
  "lib/cli/signature/",
  "lib/cli/run/download/present_file.ts",
  "lib/cli/run/server_stats.ts",
  "lib/cli/run/shared_rate.ts",
];

Deno.test("the library loads no modules of Node or of packages, and none that few need", async () => {
  const loaded = await loadedBy("mod.ts");
  assertNone(loaded, RARE);
  assertEquals(foreign(loaded), []);
});

Deno.test("a plain download loads no modules that few need", async () => {
  const loaded = await loadedBy("cli.ts", PLAIN_DOWNLOAD);
  assertNone(loaded, RARE_IN_COMMAND);
  assertEquals(foreign(loaded), []);
});

Deno.test("the proxy starts without its page", async () => {
  assertNone(await loadedBy("server.ts"), [...RARE, "lib/proxy/page/"]);
});
