import type { JobName } from "../../contracts/backend.ts";
import type { DeliverySource } from "./effect.ts";
import type { TaskMessage } from "./event.ts";
import type { SourceId, WorkerId } from "./ids.ts";

/**
 * What is known of a task's execution, whoever may hold the task. One work at most is alive per task id; a claim (an assignment) can move from one of
 * our workers to another while the work goes on.
 *
 * | state | meaning | goes on to |
 * |---|---|---|
 * | `waiting` | its client or function is not known yet, or its worker takes no new work (held) | queued, finished (object missing) |
 * | `queued` | waits in its client's queue | staging |
 * | `delayed` | waits out the back-off of a retry | queued |
 * | `fetching` | one of its objects has not come yet | queued, finished (object missing) |
 * | `staging` | its bundle is being made or submitted | bundled, queued, fetching |
 * | `bundled` | in a submitted child, running or about to | finished, queued (handed back), delayed (retry) |
 * | `finished` | its outcome is known; delivered to whoever claims it | gone, once acknowledged or dropped |
 * | `dropped` | nobody wants it; it may still run until its child is over | gone |
 */
export type WorkState = "waiting" | "queued" | "delayed" | "fetching" | "staging" | "bundled" | "finished" | "dropped";

/** See {@link WorkState}. */
export interface Work {
  readonly task: TaskMessage;
  /** That of the worker which held the task when it was last put into a queue. */
  profile: string;
  /** Position in arrival order, for fairness between clients. */
  readonly order: number;
  state: WorkState;
  /** Who has to be answered. None: the worker that held the task was given up, and the scheduler may assign it to us again. */
  claim: Assignment | undefined;
  /** Raised whenever the work leaves a queue, so that entries left behind are known to be stale. */
  ticket: number;
  /** Where it runs, while staging or bundled. */
  child: Child | undefined;
  index: number;
  outcome: DeliverySource | undefined;
  /** Failures so far that were not its own, those of attempts that the backend itself repeated included. */
  retries: number;
  /** Tasks that a pack with this one may hold. */
  maxPack: number;
  /** Must run alone, in a process that has run nothing before. */
  fresh: boolean;
  /** When it is given up if nobody claims it; `undefined` until the scheduler is heard of again. */
  claimUntil: number | undefined;
  /** When a delayed work may be queued again. */
  readyAt: number;
}

/**
 * A task held by one of our workers: what the scheduler waits to be answered.
 *
 * | state | meaning |
 * |---|---|
 * | `open` | no answer has been started |
 * | `delivering` | its result is being stored and sent |
 * | `delivered` | sent on the current connection; an echo of heartbeat `ackSeq` or a later one proves that it was handled |
 */
export interface Assignment {
  readonly worker: Worker;
  readonly work: Work;
  state: "open" | "delivering" | "delivered";
  delivery: number;
  ackSeq: number;
  /** Its printed output went out once: never again, a log after the result ends old schedulers. */
  logsSent: boolean;
}

/**
 * One worker id, as the scheduler knows it.
 *
 * | role | meaning | goes on to |
 * |---|---|---|
 * | `active` | takes new work | resumed (its link broke), retiring, (left) |
 * | `retiring` | the scheduler wishes for fewer workers: answers what has started, then leaves | (left) |
 * | `resumed` | came, or comes, back under its old id to answer what it holds; what else arrives is held unstarted | (left) |
 */
export interface Worker {
  readonly id: WorkerId;
  readonly profile: string;
  role: "active" | "retiring" | "resumed";
  session: number;
  link: "connecting" | "up";
  /** Identity of the scheduler process behind the current or last connection. */
  scheduler: string | undefined;
  /** The scheduler has certainly heard of this id (it echoed once). */
  known: boolean;
  /** Last moment at which the scheduler surely heard from it. */
  heardAt: number;
  /** When the link broke first. */
  brokeAt: number;
  heartbeatSeq: number;
  /** Heartbeats sent before this connection. */
  sessionSeq: number;
  /** Echoes that came on this connection. */
  echoes: number;
  /** How many of them may answer heartbeats of earlier connections: the wire does not say which heartbeat an echo answers. */
  staleEchoes: number;
  /** Send time of the heartbeat without an echo yet, if there is one. */
  outstandingSince: number | undefined;
  /** How long this process stood still since then, in milliseconds. */
  stalledMs: number;
  /** When anything was last heard on the current link. */
  newsAt: number;
  nextHeartbeatAt: number;
  latencyMs: number;
  readonly assignments: Map<string, Assignment>;
  /** One of them that had started when that was asked last. */
  witness: Assignment | undefined;
  /** Delivered and not yet acknowledged, in order of `ackSeq`. */
  readonly unacked: Assignment[];
}

/** One child of a job. */
export interface Child {
  readonly job: Job;
  index: number;
  works: Work[];
  state: "waiting" | "running" | "over";
  cancelled: boolean;
  /** The newest attempt that was heard of, from 1: the backend itself repeats what it lost, where it `retriesNatively`. */
  attempt: number;
  /** Run time of its tasks so far, in milliseconds. */
  ranMs: number;
  /** It was added while all slots were taken: how long it waited for one says nothing about what a start takes. */
  readonly ahead: boolean;
}

/** One job: `staging` (bundle being made), `submitting`, `live`; it is forgotten when its last child is over. */
export interface Job {
  readonly name: JobName;
  readonly profile: string;
  /** Of all its tasks; empty for a job that was taken over. */
  readonly runner: string;
  readonly fresh: boolean;
  state: "staging" | "submitting" | "live";
  children: Child[];
  liveChildren: number;
  /** Stored frames of it with results that somebody may still need. */
  frames: number;
  /** Its bundle is gone. */
  released: boolean;
  /** An earlier process submitted it. */
  readonly adopted: boolean;
  liveAt: number;
}

/** A client and the functions it has sent. */
export interface Client {
  readonly source: SourceId;
  works: number;
  idleSince: number;
  readonly functions: Map<string, FunctionInfo>;
}

/** What `inspect` found out about a function. */
export interface FunctionInfo {
  state: "asked" | "known";
  runner: string;
  digest: string;
  waiting: Work[];
}
