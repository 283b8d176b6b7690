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
import type { FileTask } from "./tasks/file_task.ts";
import { fileTasks, listedTasks } from "./tasks/file_tasks.ts";
import type { Report } from "../report/report.ts";
import type { SharedRate } from "./shared_rate.ts";
import { keepDescriptors } from "../part/spare_descriptors.ts";
import { concurrently } from "../process/concurrently.ts";
import { FileDownload, type FileDownloadContext } from "./download/download_file.ts";
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
  if (command.onComplete !== undefined) {
    const { requireRun } = await import("../process/completion_command.ts");
    requireRun(command.onComplete);
  }
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
  const { serverStats } = command;
  const note = (text: string) => report.note(text);
  const usesStats = serverStats.load !== undefined || serverStats.save !== undefined;
  const stats = usesStats ? await import("./server_stats.ts") : undefined;
  const book = await stats?.loadServerStats(serverStats, note);
  const shared = { signal: limited.signal, report, book, write };
  try {
    const { exitCode, isMetalink } = await runTasks(tasks, command, shared);
    if (!isMetalink) return exitCode;
    const metalink = { source: tasks[0]!.urls[0]!, select: [], ...command.mirrorCounts };
    const listed = await listedTasks(command, metalink, options, limited.signal);
    return (await runTasks(listed, command, shared)).exitCode;
  } finally {
    await stats?.saveServerStats(serverStats, book, note);
  }
}

/** What the files of a command share. */
interface Shared extends RunContext {
  readonly book: MirrorBook | undefined;
}

/** Downloads files. Returns the exit code, and whether the only one turned out to be a Metalink. */
async function runTasks(
  tasks: readonly FileTask[],
  command: DownloadArguments,
  shared: Shared,
): Promise<{ readonly exitCode: number; readonly isMetalink: boolean }> {
  const { signal, report, write } = shared;
  const { report: { writeOut }, options: { maxRate } } = command;
  using rate = maxRate !== undefined && tasks.length > 1 ? await shareRate(maxRate) : undefined;
  const exitCodes: number[] = [];
  let isMetalink = false;
  await concurrently(command.concurrent, tasks, async (task) => {
    // An interrupted run begins no more files.
    if (signal.aborted) return;
    const { facts, ...end } = await downloadOne(task, command, { ...shared, rate });
    isMetalink ||= end.isMetalink;
    exitCodes[task.number] = facts.exitCode;
    if (writeOut === undefined || isMetalink) return;
    const { writeOutText } = await import("../report/write_out.ts");
    write(writeOutText(writeOut, facts));
  });
  if (tasks.length > 1) {
    const complete = exitCodes.filter((code) => code === ExitCode.OK).length;
    report.end({ files: tasks.length, failed: tasks.length - complete });
  }
  const exitCode = signal.aborted
    ? (signal.reason as CommandError).exitCode
    : exitCodes.find((code) => code !== ExitCode.OK) ?? ExitCode.OK;
  return { exitCode, isMetalink: isMetalink && !signal.aborted };
}

/** Downloads one file and reports on it. A failure is part of the returned facts. */
async function downloadOne(
  task: FileTask,
  { traceFile, onComplete }: DownloadArguments,
  { signal, report, book, rate }: Shared & { readonly rate: SharedRate | undefined },
): Promise<{ readonly facts: DownloadFacts; readonly isMetalink: boolean }> {
  const { number, of, name, urls, options } = task;
  const fileReport = report.file({ number, of, name, urls: urls.map(redactUrl) });
  for (const text of task.notes) fileReport.note(text);
  const context: FileDownloadContext = {
    ...{ signal, traceFile, report: fileReport },
    options: book === undefined ? options : { ...options, book },
  };
  const download = new FileDownload(task, context);
  using _share = rate?.add(download);
  try {
    await download.run();
    if (onComplete !== undefined && download.completed !== undefined) {
      const { runOnComplete } = await import("../process/completion_command.ts");
      await runOnComplete(onComplete, download.completed, signal, fileReport.note);
    }
    return { facts: download.facts(), isMetalink: download.isMetalink };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    fileReport.failed(error);
    return { facts: download.facts(error), isMetalink: false };
  }
}

/** Reads the certificate of the client, if the command has one. */
async function clientCertificateOf(
  { clientCertificate: files }: DownloadArguments,
): Promise<ClientCertificate | undefined> {
  if (files.cert === undefined && files.key === undefined) return undefined;
  const { readClientCertificate } = await import("../arguments/credentials/client_certificate.ts");
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
