import type { Log } from "@scaler-aws-hpc/adapter-core";
import { type DestinationStream, multistream, pino, stdTimeFunctions } from "pino";
import { CliError } from "../cli-error.ts";
import type { OutputMode } from "./output-mode.ts";

/** What a log line on the terminal is written with: past the live line, where there is one. */
export type WriteToTerminal = (text: string) => void;

/**
 * Opens the log of a run. Every line is written as it is logged: at the end nothing is left to flush. A file that cannot be written any more
 * is said once, on the terminal, and left: a log ends no manager.
 *
 * @param toTerminal takes what goes to stderr.
 * @throws {CliError} `config` when a file cannot be opened.
 */
export async function openLog(mode: OutputMode, name: string, toTerminal: WriteToTerminal): Promise<Log> {
  const streams: DestinationStream[] = [];
  for (const path of mode.paths) {
    if (path === "/dev/stderr" || path === "-") streams.push(await terminalStream(mode, toTerminal));
    else streams.push(fileStream(path, toTerminal));
  }
  const options = {
    level: mode.level,
    base: { name },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const logger = pino(options, multistream(streams.map((stream) => ({ level: mode.level, stream }))));
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
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

function fileStream(path: string, toTerminal: WriteToTerminal): DestinationStream {
  const file = openFile(path);
  let broken = false;
  // What it could not write it keeps, and would try again with each line: the stream is left at its first error.
  file.on("error", (reason) => {
    if (!broken) toTerminal(`warning: --logging-paths ${path}: ${reason.message}; no more is logged there\n`);
    broken = true;
  });
  return {
    write(line) {
      if (!broken) file.write(line);
    },
  };
}

function openFile(path: string): ReturnType<typeof pino.destination> {
  try {
    return pino.destination({ dest: path === "/dev/stdout" ? 1 : path, append: true, mkdir: true, sync: true });
  } catch (reason) {
    throw new CliError("config", `--logging-paths ${path}: ${(reason as Error).message}`, { cause: reason });
  }
}
