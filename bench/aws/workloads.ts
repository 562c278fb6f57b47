import { listSchedule, logNormal } from "./ideal.ts";

/** Tasks that sleep, and in what set-up. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  /** Seconds of each task, in order of submission. */
  readonly durations: readonly number[];
  readonly slots: number;
  /** Several tasks in one child; the original has no such thing, so it runs only the workloads with it. */
  readonly packing: boolean;
  /** Of every call to Batch and to S3. */
  readonly latencyMs: number;
  readonly idealSeconds: number;
}

/** What the numbers of a run may be changed to, for short tries. */
export interface Scale {
  readonly slots: number;
  readonly tasks: number;
  readonly tinyTasks: number;
  readonly sigma: number;
  readonly seed: number;
  readonly startSeconds: number;
}

const LATENCY_MS = 30;
const MEAN_SECONDS = 5;

/** Every workload that is timed, by name. */
export function workloads({ slots, tasks, tinyTasks, sigma, seed, startSeconds }: Scale): readonly Workload[] {
  const fixed = new Array<number>(tasks).fill(1);
  const varied = logNormal(tasks, MEAN_SECONDS, sigma, seed);
  const tiny = new Array<number>(tinyTasks).fill(0.1);
  const variedTitle = `${tasks} log-normal tasks, mean ${MEAN_SECONDS} s`;
  const plain: readonly (readonly [string, string, readonly number[], number])[] = [
    ["fixed", `${tasks} tasks of 1 s`, fixed, 0],
    ["log-normal", variedTitle, varied, 0],
    ["latency", `${tasks} tasks of 1 s, ${LATENCY_MS} ms latency of every AWS call`, fixed, LATENCY_MS],
  ];
  const both = plain.flatMap(([name, title, durations, latencyMs]) =>
    [true, false].map((packing) => ({
      name: packing ? name : `${name}-single`,
      title: `${title}, ${packing ? "packing on" : "one task to a job"}`,
      durations,
      packing,
      latencyMs,
    })),
  );
  const last = { name: "tiny", title: `${tinyTasks} tasks of 0.1 s`, durations: tiny, packing: true, latencyMs: 0 };
  return [...both, last].map((one) => ({
    ...one,
    slots,
    idealSeconds: listSchedule(one.durations, slots, startSeconds),
  }));
}
