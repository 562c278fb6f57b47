import type { Log } from "@scaler-aws-hpc/adapter-core";
import { type DestinationStream, multistream, pino, stdTimeFunctions } from "pino";
import { CliError } from "../cli-error.ts";
import type { OutputMode } from "./output-mode.ts";

/** A log and the way to end it. */
export interface OpenLog {
  readonly log: Log;
  /** Writes what is buffered. */
  flush(): void;
}

/** What a log line on the terminal is written with: past the live line, where there is one. */
export type WriteToTerminal = (text: string) => void;

/**
 * Opens the log of a run.
 *
 * @param toTerminal takes what goes to stderr.
 * @throws {CliError} `config` when a file cannot be opened.
 */
export async function openLog(mode: OutputMode, name: string, toTerminal: WriteToTerminal): Promise<OpenLog> {
  const streams: DestinationStream[] = [];
  const flushes: (() => void)[] = [];
  for (const path of mode.paths) {
    if (path === "/dev/stderr" || path === "-") streams.push(await terminalStream(mode, toTerminal));
    else if (path === "/dev/stdout") streams.push({ write: (text) => void process.stdout.write(text) });
    else {
      const file = openFile(path);
      streams.push(file);
      flushes.push(() => file.flushSync());
    }
  }
  const options = {
    level: mode.level,
    base: { name },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const logger = pino(options, multistream(streams.map((stream) => ({ level: mode.level, stream }))));
  const log: Log = {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
  };
  return {
    log,
    flush() {
      for (const flush of flushes) flush();
    },
  };
}

async function terminalStream(mode: OutputMode, toTerminal: WriteToTerminal): Promise<DestinationStream> {
  if (!mode.pretty) return { write: toTerminal };
  const { prettyFactory } = await import("pino-pretty");
  const format = prettyFactory({
    colorize: mode.colour,
    singleLine: true,
    ignore: "pid,hostname,name",
    translateTime: "SYS:HH:MM:ss",
  });
  return { write: (line) => toTerminal(format(line)) };
}

function openFile(path: string): ReturnType<typeof pino.destination> {
  try {
    return pino.destination({ dest: path, append: true, mkdir: true, sync: true });
  } catch (reason) {
    throw new CliError("config", `--logging-paths ${path}: ${(reason as Error).message}`, { cause: reason });
  }
}
