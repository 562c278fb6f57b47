import { readFile } from "node:fs/promises";

/** What the emulator did to jobs, so that it can be told from what a manager's death did. */
export interface Incidents {
  /** `<job id> <attempt>` of every attempt that was lost with its machine; the id of a child is `<parent>:<index>`. */
  readonly lostAttempts: ReadonlySet<string>;
  /** Ids of jobs, without `:<index>`, that were submitted twice because the first submit had no answer. */
  readonly ambiguousJobs: ReadonlySet<string>;
}

/** How often the tasks of a run were started, and why more than once. */
export interface Executions {
  readonly tasks: number;
  readonly runs: number;
  /** Of those: on a native worker. */
  readonly native: number;
  /** Starts beyond the first of each task. */
  readonly extra: number;
  /** Of those: after an attempt that was lost with its machine. */
  readonly afterSpot: number;
  /** Of those: beside a job whose submit had no answer. */
  readonly afterAmbiguous: number;
  /** Of those: where a native worker ran the task too. */
  readonly withNative: number;
  /** The rest. */
  readonly others: readonly { readonly task: number; readonly extra: number; readonly runs: readonly string[] }[];
}

/** Reads the lines that the tasks wrote. */
export async function readExecutions(file: string, { lostAttempts, ambiguousJobs }: Incidents): Promise<Executions> {
  const text = await readFile(file, "utf8");
  const lines = text.split("\n").flatMap((line) => {
    const [task, job, attempt] = line.split(" ");
    return task === undefined || job === undefined || attempt === undefined
      ? []
      : [{ task: Number(task), job, attempt }];
  });
  const sums = { afterSpot: 0, afterAmbiguous: 0, withNative: 0 };
  const others: { task: number; extra: number; runs: string[] }[] = [];
  const byTask = Map.groupBy(lines, ({ task }) => task);
  for (const [task, runs] of byTask) {
    let extra = runs.length - 1;
    // Each lost attempt, each job beside its twin and each run elsewhere explains one start more.
    const take = (reason: keyof typeof sums, most: number): void => {
      const explained = Math.min(extra, most);
      sums[reason] += explained;
      extra -= explained;
    };
    take("afterSpot", runs.filter(({ job, attempt }) => lostAttempts.has(`${job} ${attempt}`)).length);
    take("afterAmbiguous", Math.max(0, runs.filter(({ job }) => ambiguousJobs.has(job.replace(/:.*/, ""))).length - 1));
    take("withNative", runs.filter(({ job }) => job === "native").length);
    if (extra > 0) others.push({ task, extra, runs: runs.map(({ job, attempt }) => `${job}#${attempt}`) });
  }
  const native = lines.filter(({ job }) => job === "native").length;
  return { tasks: byTask.size, runs: lines.length, native, extra: lines.length - byTask.size, ...sums, others };
}
