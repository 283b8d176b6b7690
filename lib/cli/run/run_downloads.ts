/**
 * Downloads the files of a command, a few at a time. A file that fails does not stop the others; the
 * first failure gives the exit code.
 *
 * @module
 */

import { type ClientCertificate, keepConnections, type MirrorBook } from "../../../mod.ts";
import { CommandError } from "../../command_line/command_error.ts";
import { redactUrl } from "../../http/address/redact.ts";
import type { DownloadArguments } from "../arguments/download_arguments.ts";
import { openInsecure, readCertificates } from "../arguments/validate.ts";
import { ExitCode } from "../failure/exit_code.ts";
import type { FileTask } from "./file_task.ts";
import { fileTasks } from "./file_tasks.ts";
import type { Report } from "../report/report.ts";
import type { SharedRate } from "./shared_rate.ts";
import { keepDescriptors } from "../part/spare_descriptors.ts";
import { concurrently } from "../process/concurrently.ts";
import { FileDownload, type FileDownloadContext } from "./download_file.ts";
import type { DownloadFacts } from "../report/write_out.ts";

export interface RunContext {
  /** Ends the run when it aborts, with a {@linkcode CommandError} as the reason. */
  readonly signal: AbortSignal;
  readonly report: Report;
  /** Writes text to stdout. */
  readonly write: (text: string) => void;
}

/** Runs a command and resolves to its exit code. Rejects with a usage error if it is invalid. */
export async function runDownloads(
  command: DownloadArguments,
  { signal, report, write }: RunContext,
): Promise<number> {
  using _connections = keepConnections();
  using _descriptors = keepDescriptors();
  const caCerts = await readCertificates(command.caCertFile);
  const clientCertificate = await clientCertificateOf(command);
  using insecure = command.insecure
    ? await openInsecure({ ...command.options, clientCertificate })
    : undefined;
  if (insecure !== undefined && !command.report.json) {
    report.note("certificates are not verified (--insecure)");
  }
  const options = { ...command.options, caCerts, clientCertificate, fetch: insecure?.fetch };
  using limited = withTimeLimit(command.maxTimeMs, signal);
  const tasks = await fileTasks(command, options, limited.signal);
  const { maxRate } = options;
  const { report: { writeOut }, serverStats } = command;
  using rate = maxRate !== undefined && tasks.length > 1 ? await shareRate(maxRate) : undefined;
  const note = (text: string) => report.note(text);
  const usesStats = serverStats.load !== undefined || serverStats.save !== undefined;
  const stats = usesStats ? await import("./server_stats.ts") : undefined;
  const book = await stats?.loadServerStats(serverStats, note);
  const exitCodes: number[] = [];
  try {
    await concurrently(command.concurrent, tasks, async (task) => {
      // An interrupted run begins no more files.
      if (limited.signal.aborted) return;
      const shared = { signal: limited.signal, report, book, rate };
      const facts = await downloadOne(task, command, shared);
      exitCodes[task.number] = facts.exitCode;
      if (writeOut === undefined) return;
      const { writeOutText } = await import("../report/write_out.ts");
      write(writeOutText(writeOut, facts));
    });
  } finally {
    await stats?.saveServerStats(serverStats, book, note);
  }
  if (tasks.length > 1) {
    const complete = exitCodes.filter((code) => code === ExitCode.OK).length;
    report.end({ files: tasks.length, failed: tasks.length - complete });
  }
  if (limited.signal.aborted) return (limited.signal.reason as CommandError).exitCode;
  return exitCodes.find((code) => code !== ExitCode.OK) ?? ExitCode.OK;
}

/** Downloads one file and reports on it. A failure is part of the returned facts. */
async function downloadOne(
  task: FileTask,
  { traceFile }: DownloadArguments,
  { signal, report, book, rate }: {
    readonly signal: AbortSignal;
    readonly report: Report;
    readonly book: MirrorBook | undefined;
    readonly rate: SharedRate | undefined;
  },
): Promise<DownloadFacts> {
  const { number, of, name, urls, options } = task;
  const fileReport = report.file({ number, of, name, urls: urls.map(redactUrl) });
  const context: FileDownloadContext = {
    ...{ signal, traceFile, report: fileReport },
    options: book === undefined ? options : { ...options, book },
  };
  const download = new FileDownload(task, context);
  using _share = rate?.add(download);
  try {
    await download.run();
    return download.facts();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    fileReport.failed(error);
    return download.facts(error);
  }
}

/** Reads the certificate of the client, if the command has one. */
async function clientCertificateOf(
  { clientCertificate: files }: DownloadArguments,
): Promise<ClientCertificate | undefined> {
  if (files.cert === undefined && files.key === undefined) return undefined;
  const { readClientCertificate } = await import("../arguments/client_certificate.ts");
  return await readClientCertificate(files);
}

async function shareRate(maxRate: number): Promise<SharedRate> {
  const { SharedRate } = await import("./shared_rate.ts");
  return new SharedRate(maxRate);
}

/** Combines the signal with the time limit of `--max-time`. */
function withTimeLimit(
  maxTimeMs: number | undefined,
  signal: AbortSignal,
): { readonly signal: AbortSignal } & Disposable {
  if (maxTimeMs === undefined) return { signal, [Symbol.dispose]() {} };
  const controller = new AbortController();
  const timer = setTimeout(
    () =>
      controller.abort(
        new CommandError(ExitCode.TIMEOUT, `timed out after ${maxTimeMs / 1000} s (--max-time)`),
      ),
    maxTimeMs,
  );
  return {
    signal: AbortSignal.any([signal, controller.signal]),
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}
