import type { FailureKind, JobName } from "../../contracts/backend.ts";
import type { ProfileSpec } from "../../contracts/plugin.ts";
import { ClientQueue } from "./client-queue.ts";
import type { EngineEffect } from "./effect.ts";
import type { CoreOptions } from "./options.ts";
import { Outlook } from "./outlook.ts";
import { RunTimes } from "./run-times.ts";
import type { Assignment, Client, Job, Work, Worker } from "./work.ts";

/** {@link CoreOptions} with every default filled in. */
export type ResolvedOptions = Required<Omit<CoreOptions, "workersPerProfile" | "queueSize">> &
  Pick<CoreOptions, "workersPerProfile" | "queueSize">;

/** Jobs of one runner in one profile: how many in a row could not be started, the last of them, when the next trial may be made. */
export interface Breaker {
  failures: number;
  job: JobName | undefined;
  trialAt: number;
  /** They were not even taken. */
  held: boolean;
  /** Children of this runner that are staging, submitted or running. */
  used: number;
}

/** One profile: its slots, its queues, and the window in which the next job gathers tasks. */
export interface Profile {
  readonly spec: ProfileSpec;
  /** Children that are staging, submitted or running. */
  used: number;
  /** Those of them that are submitted: each may give its slot back at any moment. */
  live: number;
  /** When a slot became free last. */
  freedAt: number;
  /** Whether jobs can be started, by runner: each has an image or a command of its own, and only that may be broken. */
  readonly breakers: Map<string, Breaker>;
  /** When its children are expected to be over. */
  readonly outlook: Outlook;
  readonly queues: Map<string, ClientQueue>;
  /** Queued works of all clients. */
  ready: number;
  /** Since when tasks have been waiting while slots were free; `undefined` when none is. */
  gatheringSince: number | undefined;
  lastArrivalAt: number;
  /** When a task came last while others were waiting or running: a client that sends many, not one that waits for each answer. */
  lastCompanyAt: number;
}

/** Counts for the live line, metrics and tests; only grow. */
export interface Counts {
  received: number;
  succeeded: number;
  failed: number;
  canceled: number;
  retried: number;
  /** Jobs of an earlier process that were taken over. */
  adoptedJobs: number;
  /** Attempts that the backend itself repeated, as far as they were heard of. */
  nativeRetries: number;
  /** Failed children and deaths of single tasks by what they were; those that we asked for are not in here. */
  readonly failures: Record<Exclude<FailureKind, "cancelled">, number>;
}

/** A stored frame, its job, and how many of its results somebody may still need. */
export interface FrameUse {
  readonly job: Job | undefined;
  needed: number;
}

/** All that the core knows. Mutated in place; only the modules of this folder touch it. */
export class CoreState {
  readonly options: ResolvedOptions;
  /** In [0, 1); the only source of chance. */
  readonly random: () => number;
  now = 0;
  effects: EngineEffect[] = [];

  readonly profiles = new Map<string, Profile>();
  readonly workers = new Map<string, Worker>();
  /** The one living work of each task id; dropped ones are not in here. */
  readonly works = new Map<string, Work>();
  /** Works without a claim, kept for a while in case the scheduler assigns them to us again. */
  readonly unclaimed = new Set<Work>();
  /** When the first of them is given up. */
  unclaimedUntil: number | undefined;
  readonly delayed = new Set<Work>();
  /** No delayed work is ready before this. */
  delayedUntil = Number.POSITIVE_INFINITY;
  readonly clients = new Map<string, Client>();
  readonly jobs = new Map<string, Job>();
  readonly frames = new Map<string, FrameUse>();
  readonly deliveries = new Map<number, Assignment>();
  readonly runTimes = new RunTimes();
  /** What starting a child, and hearing of its end, really takes: by profile. */
  readonly startTimes = new RunTimes();
  readonly counts: Counts = {
    ...{ received: 0, succeeded: 0, failed: 0, canceled: 0, retried: 0, adoptedJobs: 0, nativeRetries: 0 },
    failures: { spot: 0, host: 0, oom: 0, timeout: 0, image: 0, definition: 0, exit: 0, lost: 0 },
  };

  nextDelivery = 1;
  nextJob = 1;
  nextOrder = 1;
  nextSession = 1;
  /** Identity of the scheduler that was met last. */
  scheduler: string | undefined;
  /** Last time any link was up. */
  connectedAt = 0;
  draining = false;
  finished = false;

  constructor(options: CoreOptions, random: () => number) {
    this.random = random;
    this.options = {
      workerName: "AWS",
      maxTasksPerPack: 10_000,
      packTargetMs: 60_000,
      taskLimitMs: 3_600_000,
      heartbeatMs: 2_000,
      linkTimeoutMs: 25_000,
      workerLifeMs: 55_000,
      claimGraceMs: 60_000,
      deathTimeoutMs: 300_000,
      resumeLimitMs: 300_000,
      maxRetries: 4,
      retryMs: 1_000,
      scaling: "always",
      ...options,
    };
    for (const spec of options.profiles) this.#addProfile(spec);
  }

  emit(effect: EngineEffect): void {
    this.effects.push(effect);
  }

  profile(name: string): Profile {
    const profile = this.profiles.get(name);
    if (profile === undefined) throw new Error(`no profile ${name}`);
    return profile;
  }

  /** The same for a name out of an earlier process: one that is configured no more lives on without slots, so that nothing new starts in it. */
  profileOrHidden(name: string): Profile {
    return this.profiles.get(name) ?? this.#addProfile({ name, slots: 0, capabilities: {}, settings: {} });
  }

  /** The queue of a client in a profile, made on first use. */
  queue(profile: Profile, source: string): ClientQueue {
    let queue = profile.queues.get(source);
    if (queue === undefined) {
      queue = new ClientQueue();
      profile.queues.set(source, queue);
    }
    return queue;
  }

  /** What is known of starting jobs of this one's runner in its profile, made on first use. */
  breaker(job: Pick<Job, "profile" | "runner">): Breaker {
    const { breakers } = this.profile(job.profile);
    let breaker = breakers.get(job.runner);
    if (breaker === undefined) {
      breaker = { failures: 0, job: undefined, trialAt: 0, held: false, used: 0 };
      breakers.set(job.runner, breaker);
    }
    return breaker;
  }

  #addProfile(spec: ProfileSpec): Profile {
    const profile: Profile = {
      ...{ spec, used: 0, live: 0, ready: 0, freedAt: 0 },
      breakers: new Map(),
      outlook: new Outlook(),
      queues: new Map(),
      gatheringSince: undefined,
      lastArrivalAt: 0,
      lastCompanyAt: Number.NEGATIVE_INFINITY,
    };
    this.profiles.set(spec.name, profile);
    return profile;
  }
}
