import type { ChildRef, JobName, JobSpec } from "../../contracts/backend.ts";
import type { SlotView } from "../core/effect.ts";
import type { TaskId } from "../core/ids.ts";

/** What a child says about the task that it runs. */
export interface Progress {
  readonly task: number | undefined;
  readonly taskAgeMs: number;
  readonly rssBytes: number;
  readonly cpuPercent: number;
  readonly pid: number;
  /** When it said so. */
  readonly at: number;
}

/** What was read of one attempt of a child. */
export interface AttemptFrames {
  /** Numbers of its frames. */
  readonly read: Set<number>;
  /** Number of the last one, once that is known. */
  last: number | undefined;
  /** It gave tasks back unstarted. */
  handedBack: boolean;
}

/** A child of a live job. */
export interface Child extends SlotView {
  /** Ids of its section's tasks. */
  readonly tasks: readonly TaskId[];
  /** Keys of frames that were reported, or are being read. */
  readonly frames: Set<string>;
  /** By attempt: numbers of the frames that were read, and that of the last one once it is known. */
  readonly attempts: Map<number, AttemptFrames>;
  /** Time that its finished tasks took, in milliseconds. */
  busyMs: number;
  /** What happens to a child happens one after another; undefined when nothing waits. */
  chain: Promise<void> | undefined;
  running: boolean;
  /** Begun by an earlier process, which may have deleted frames already. */
  adopted: boolean;
  /** Its end was heard of; what it stored is being read, if anything is left to read. */
  over: boolean;
  progress: Progress | undefined;
}

/** A job from its staging to its release. */
export interface Job {
  readonly spec: JobSpec;
  readonly children: readonly Child[];
  /** The backend took it. */
  live: boolean;
}

/** The jobs that are staged or live. */
export class JobBook {
  readonly #jobs = new Map<JobName, Job>();

  add(spec: JobSpec, tasks: readonly (readonly TaskId[])[]): Job {
    const children = tasks.map((ids, child): Child => {
      const state = { chain: undefined, running: false, adopted: false, over: false, progress: undefined, busyMs: 0 };
      return { job: spec.name, child, tasks: ids, frames: new Set(), attempts: new Map(), ...state };
    });
    const job: Job = { spec, children, live: false };
    this.#jobs.set(spec.name, job);
    return job;
  }

  get(name: JobName): Job | undefined {
    return this.#jobs.get(name);
  }

  child(ref: ChildRef): Child | undefined {
    return this.#jobs.get(ref.job)?.children[ref.child];
  }

  remove(name: JobName): Job | undefined {
    const job = this.#jobs.get(name);
    this.#jobs.delete(name);
    return job;
  }

  /** Whether the name is that of a job that is staged or live. */
  has(name: JobName): boolean {
    return this.#jobs.has(name);
  }

  /** Every job that is staged or live. */
  all(): Job[] {
    return [...this.#jobs.values()];
  }

  /** Jobs that the backend took and of which a child is not over. */
  live(): Job[] {
    return this.all().filter((job) => job.live && job.children.some((child) => !child.over));
  }

  /** Children of a profile that run now, oldest job first. */
  running(profile: string): Child[] {
    const children: Child[] = [];
    for (const job of this.#jobs.values()) {
      if (!job.live || job.spec.profile !== profile) continue;
      for (const child of job.children) if (child.running && !child.over) children.push(child);
    }
    return children;
  }
}
