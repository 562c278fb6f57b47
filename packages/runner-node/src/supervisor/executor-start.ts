import { Socket } from "node:net";
import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import { EXECUTOR_WORD } from "../job/arguments.ts";
import { monotonicMs } from "../messages/clock.ts";
import { statField } from "../store/process-stat.ts";
import type { MemoryLimits } from "./memory-limits.ts";

/** Names the process number of an executor that a launcher started together with this process, and says that the pipes below are open. */
const ADOPT_VARIABLE = "SCALER_RUNNER_EXECUTOR";

/** Where a launcher puts the executor's reports, and all else that it writes. See `launched`. */
const REPORTS_FD = 5;
const WORDS_FD = 6;
/** Where it takes its commands from, for a manager on this machine. */
const COMMANDS_FD = 7;

const STATE = 0;
const EXIT_CODE = 49;
/** How long the kernel may take from the end of a process's pipes to the end of the process. */
const PATIENCE_MS = 500;

/** How a process ended. */
export interface ExitStatus {
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

/** A process that runs tasks, as it was started. */
export interface StartedExecutor {
  readonly pid: number;
  /** Monotonic milliseconds. */
  readonly startedMs: number;
  readonly reports: Readable;
  /** What is written to its file descriptors 1 and 2: by V8 as it gives up, by add-ons, by programs that inherit them. */
  readonly words: readonly Readable[];
  /** Nowhere, where a launcher started it for the job of its parameters. */
  readonly commands: Writable | undefined;
  readonly exited: Promise<ExitStatus>;
}

/** Starts an executor. @param parameters of the job that it reads by itself; else it waits for commands */
export function spawnExecutor(file: string, { heapMiB }: MemoryLimits, parameters: readonly string[]): StartedExecutor {
  const { [ADOPT_VARIABLE]: _, ...env } = process.env;
  const args = [...process.execArgv, `--max-old-space-size=${heapMiB}`, file, EXECUTOR_WORD, ...parameters];
  const child = process
    .getBuiltinModule("node:child_process")
    .spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"] });
  const exited = new Promise<ExitStatus>((resolve) => {
    child.once("error", () => resolve({ code: undefined, signal: undefined }));
    child.once("exit", (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
  });
  const [, out, err, reports, commands] = child.stdio;
  return {
    ...{ pid: child.pid ?? 0, startedMs: monotonicMs(), exited },
    ...{ words: [out as Readable, err as Readable], reports: reports as Readable, commands: commands as Writable },
  };
}

/** The executor that a launcher started, if one did. @param obeys it waits for commands */
export function adoptExecutor(obeys: boolean): StartedExecutor | undefined {
  const pid = Number(process.env[ADOPT_VARIABLE]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const reports = new Socket({ fd: REPORTS_FD, readable: true, writable: false });
  const words = new Socket({ fd: WORDS_FD, readable: true, writable: false });
  const gone = new Promise<void>((resolve) => reports.once("close", () => resolve()));
  return {
    ...{ pid, startedMs: monotonicMs() - performance.now(), reports, words: [words] },
    commands: obeys ? new Socket({ fd: COMMANDS_FD, readable: false, writable: true }) : undefined,
    exited: gone.then(() => statusOf(pid)),
  };
}

/** The status of a child that Node does not know, and so collects never: the kernel keeps it. */
async function statusOf(pid: number): Promise<ExitStatus> {
  const endMs = monotonicMs() + PATIENCE_MS;
  while (statField(pid, STATE) !== "Z" && statField(pid, STATE) !== undefined && monotonicMs() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const status = Number(statField(pid, EXIT_CODE) ?? Number.NaN);
  if (Number.isNaN(status)) return { code: undefined, signal: undefined };
  const number = status & 0x7f;
  if (number === 0) return { code: status >> 8, signal: undefined };
  const name = Object.entries(constants.signals).find(([, one]) => one === number)?.[0];
  return { code: undefined, signal: (name ?? `SIG${number}`) as NodeJS.Signals };
}
