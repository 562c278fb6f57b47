import type { AbortOptions, Clock, Log } from "@scaler-aws-hpc/adapter-core";
import { classifyAwsFailure } from "./aws-failure.ts";
import type { BatchApi, JobDetail } from "./batch-api.ts";

const LINES = 30;
const CHARACTERS = 500;
const PATIENCE_MS = 3_000;
/** Streams that are read for one look: a bad image that fails a thousand children says the same in each. */
const MOST_AT_ONCE = 5;
const DEFAULT_GROUP = "/aws/batch/job";

/** Reads the last log lines of failed children, as far as that costs little; nothing depends on them. */
export class LogTails {
  readonly #api: BatchApi;
  readonly #clock: Clock;
  readonly #log: Log;
  #refused = false;

  constructor(api: BatchApi, clock: Clock, log: Log) {
    this.#api = api;
    this.#clock = clock;
    this.#log = log;
  }

  /** Log lines by job id; those that cannot be had are missing. Takes a few seconds at most, and never throws but for an abort. */
  async read(details: readonly JobDetail[], options?: AbortOptions): Promise<ReadonlyMap<string, readonly string[]>> {
    const found = new Map<string, readonly string[]>();
    if (this.#refused) return found;
    const wanted = details.flatMap((detail) => {
      const place = streamOf(detail);
      return detail.jobId === undefined || place === undefined ? [] : [{ id: detail.jobId, ...place }];
    });
    const stop = new AbortController();
    const signal = options?.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
    void this.#clock.sleep(PATIENCE_MS, { signal }).then(
      () => stop.abort(new Error("log lines took too long")),
      () => undefined,
    );
    await Promise.all(
      wanted.slice(0, MOST_AT_ONCE).map(async ({ id, group, stream }) => {
        try {
          const lines = await this.#api.logTail(group, stream, LINES, { signal });
          found.set(
            id,
            lines.map((line) => line.trimEnd().slice(0, CHARACTERS)),
          );
        } catch (reason) {
          this.#explain(reason, group);
        }
      }),
    );
    stop.abort(new Error("log lines are read"));
    options?.signal?.throwIfAborted();
    return found;
  }

  #explain(reason: unknown, group: string): void {
    if (this.#refused || classifyAwsFailure(reason) !== "denied") return;
    this.#refused = true;
    this.#log.warn("log lines of failed jobs cannot be read: logs:GetLogEvents is not allowed", { group });
  }
}

function streamOf(detail: JobDetail): { readonly group: string; readonly stream: string } | undefined {
  const stream = detail.attempts?.at(-1)?.container?.logStreamName ?? detail.container?.logStreamName;
  const config = detail.container?.logConfiguration;
  if (stream === undefined || (config?.logDriver !== undefined && config.logDriver !== "awslogs")) return undefined;
  return { group: config?.options?.["awslogs-group"] ?? DEFAULT_GROUP, stream };
}
