import { CliError } from "../cli-error.ts";
import type { StartOptions } from "../options/start-options.ts";

/** What `start` runs with, typed, times in milliseconds. Absent means that the user set nothing and the consumer's default counts. */
export interface StartSettings {
  readonly schedulerAddress: string;
  readonly workerSchedulerAddress: string;
  readonly objectStorageAddress: string | undefined;
  readonly name: string;
  readonly scaling: "always" | "follow";
  readonly tlsCa: string | undefined;
  readonly tlsInsecure: boolean;
  readonly backend: string;
  readonly workers: number | undefined;
  readonly queueSize: number | undefined;
  readonly tasksPerJob: number;
  readonly packTargetMs: number;
  readonly inline: boolean;
  readonly maxRetries: number;
  readonly maxPayloadBytes: number;
  readonly maxMemoryBytes: number;
  readonly python: string | undefined;
  readonly preload: string | undefined;
  readonly taskLimitMs: number;
  readonly connectTimeoutMs: number | undefined;
  readonly heartbeatMs: number;
  readonly linkTimeoutMs: number;
  readonly deathTimeoutMs: number;
  readonly objectTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly onExit: "terminate" | "handoff";
}

/** Puts resolved options into {@link StartSettings}. @throws {CliError} `usage` without a scheduler address, `config` where two do not fit. */
export function readSettings({ options }: StartOptions): StartSettings {
  const text = (name: string): string | undefined => {
    const value = options.get(name)?.value;
    return typeof value === "string" ? value : undefined;
  };
  const number = (name: string): number | undefined => {
    const value = options.get(name)?.value;
    return typeof value === "number" ? value : undefined;
  };
  const flag = (name: string): boolean => options.get(name)?.value === true;
  /** For options that have a default in the table. */
  const sure = (name: string): number => {
    const value = number(name);
    if (value === undefined) throw new CliError("internal", `option ${name} has no default`);
    return value;
  };
  const schedulerAddress = text("scheduler-address");
  if (schedulerAddress === undefined) {
    const expected =
      "expected tcp://HOST:PORT as the first argument, by --scheduler-address, or as scheduler_address in a file";
    throw new CliError("usage", `no scheduler address: ${expected}`);
  }
  const backend = text("backend") ?? "batch";
  const name = text("name") ?? backend;
  // It becomes a part of `Worker|<name>|<id>`, which schedulers print.
  if (!/^[^|\p{Cc}]{1,64}$/u.test(name))
    throw new CliError(
      "config",
      `name: expected at most 64 characters without | and control characters, got ${JSON.stringify(name)}`,
    );
  const heartbeatMs = sure("heartbeat-interval-seconds") * 1_000;
  const linkTimeoutMs = sure("link-timeout") * 1_000;
  if (linkTimeoutMs < 2 * heartbeatMs) {
    const text = `link-timeout: expected at least twice the heartbeat interval (${heartbeatMs / 1_000} s), got ${linkTimeoutMs / 1_000} s`;
    throw new CliError("config", text);
  }
  return {
    schedulerAddress,
    workerSchedulerAddress: text("worker-scheduler-address") ?? schedulerAddress,
    objectStorageAddress: text("object-storage-address"),
    name,
    scaling: text("scaling") === "follow" ? "follow" : "always",
    tlsCa: text("tls-ca"),
    tlsInsecure: flag("tls-insecure"),
    backend,
    workers: number("workers"),
    queueSize: number("per-worker-task-queue-size"),
    tasksPerJob: sure("tasks-per-job"),
    packTargetMs: sure("pack-target-seconds") * 1_000,
    inline: flag("inline"),
    maxRetries: sure("max-retries"),
    maxPayloadBytes: sure("max-payload"),
    maxMemoryBytes: sure("max-memory"),
    python: text("python"),
    preload: text("preload"),
    taskLimitMs: sure("job-timeout-minutes") * 60_000,
    connectTimeoutMs: scaled(number("connect-timeout")),
    heartbeatMs,
    linkTimeoutMs,
    deathTimeoutMs: sure("death-timeout-seconds") * 1_000,
    objectTimeoutMs: sure("object-timeout") * 1_000,
    drainTimeoutMs: sure("drain-timeout") * 1_000,
    onExit: text("on-exit") === "handoff" ? "handoff" : "terminate",
  };
}

const scaled = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : seconds * 1_000;
