import type { Random } from "../../simulator/random.ts";
import { FakeScheduler } from "./fake-scheduler.ts";
import type { CancelAnswer, ResultKind } from "./messages.ts";
import type { SchedulerRules } from "./rules.ts";

/** One message to the scheduler, or one round of one of its timers; `at` in seconds. */
export type Step = { readonly at: number } & (
  | { readonly op: "submit"; readonly task: string; readonly client: string }
  | { readonly op: "cancel"; readonly task: string; readonly client: string; readonly force: boolean }
  | { readonly op: "client_gone"; readonly client: string }
  | { readonly op: "heartbeat"; readonly worker: string; readonly queueSize: number }
  | { readonly op: "result"; readonly worker: string; readonly task: string; readonly kind: ResultKind }
  | { readonly op: "confirm"; readonly worker: string; readonly task: string; readonly answer: CancelAnswer }
  | { readonly op: "leave"; readonly worker: string }
  | { readonly op: "sweep" | "balance" | "shutdown" }
);

/** What one step made the scheduler send, each as `[to, what, ...]`, or that it ended the process. */
export type Answer = readonly (readonly unknown[])[] | "crashed";

/** Plays a step on a fake, and tells what it sent. */
export function player(rules: SchedulerRules): { play(step: Step): Answer; readonly scheduler: FakeScheduler<Sent> } {
  let sent: unknown[][] = [];
  const scheduler = new FakeScheduler<Sent>(rules, {
    toWorker(worker, message) {
      if (message.type === "task") sent.push([worker, "task", message.task.taskId]);
      else if (message.type === "cancel") sent.push([worker, "cancel", message.taskId, message.force]);
      else sent.push([worker, message.type]);
    },
    toClient(client, message) {
      if (message.type === "result") sent.push([client, "result", message.taskId, message.kind]);
      else if (message.type === "confirm") sent.push([client, "confirm", message.taskId, message.answer]);
    },
  });
  const play = (step: Step): Answer => {
    sent = [];
    apply(scheduler, step);
    return scheduler.crashed ? "crashed" : sent;
  };
  return { play, scheduler };
}

interface Sent {
  readonly taskId: string;
  readonly source: string;
}

function apply(scheduler: FakeScheduler<Sent>, step: Step): void {
  if (step.op === "submit") scheduler.submit({ taskId: step.task, source: step.client });
  else if (step.op === "cancel") scheduler.cancel(step.client, step.task, step.force);
  else if (step.op === "client_gone") scheduler.clientGone(step.client);
  else if (step.op === "heartbeat") scheduler.heartbeat(step.worker, step.queueSize, step.at * 1000);
  else if (step.op === "result") scheduler.result(step.worker, step.task, step.kind, "");
  else if (step.op === "confirm") scheduler.confirm(step.worker, step.task, step.answer);
  else if (step.op === "leave") scheduler.leave(step.worker);
  else if (step.op === "sweep") scheduler.sweep(step.at * 1000);
  else if (step.op === "balance") scheduler.balance();
  else scheduler.shutdown();
}

const WORKERS = ["Worker|a", "Worker|b", "Worker|c", "Worker|d"];
const CLIENTS = ["Client|1", "Client|2", "Client|3"];
const ANSWERS: readonly CancelAnswer[] = ["canceled", "cancelFailed", "cancelNotFound"];
const KINDS: readonly ResultKind[] = ["success", "success", "failed", "failedWorkerDied"];

/** A script that mostly makes sense and sometimes does not: reports by the wrong worker, on tasks that are over, cancels out of turn. */
export function randomScript(random: Random, rules: SchedulerRules, length: number): Step[] {
  const { play, scheduler } = player(rules);
  const steps: Step[] = [];
  const owners = new Map<string, string>();
  /** Tasks with a cancel that the holder has not answered. */
  const asked = new Set<string>();
  let at = 0;
  while (steps.length < length && !scheduler.crashed) {
    for (const drawn of randomSteps(random, scheduler, owners, asked)) {
      at += random.chance(0.02) ? random.spread(1, 70) : random.spread(0.01, 1);
      const step = { at, ...drawn };
      steps.push(step);
      if (step.op === "submit") owners.set(step.task, step.client);
      if (step.op === "confirm") asked.delete(step.task);
      const answer = play(step);
      if (answer === "crashed") break;
      for (const [, what, task] of answer) if (what === "cancel") asked.add(String(task));
      // The real process ends there.
      if (step.op === "shutdown") return steps;
    }
  }
  return steps;
}

type WithoutTime<S> = S extends Step ? Omit<S, "at"> : never;

function randomSteps(
  random: Random,
  scheduler: FakeScheduler<Sent>,
  owners: ReadonlyMap<string, string>,
  asked: ReadonlySet<string>,
): readonly WithoutTime<Step>[] {
  const dice = random.next();
  const worker = random.pick(WORKERS);
  const heartbeat = { op: "heartbeat", worker, queueSize: random.int(1, 12) } as const;
  if (dice < 0.35 || owners.size === 0) {
    return [{ op: "submit", task: random.hex(16), client: random.pick(CLIENTS) }];
  }
  const task =
    asked.size > 0 && random.chance(0.5) ? random.pick([...asked]) : random.pick([...owners.keys()].slice(-40));
  const client = owners.get(task) ?? random.pick(CLIENTS);
  const reporter = random.chance(0.9) ? (scheduler.holder(task) ?? worker) : worker;
  if (dice < 0.45) return [heartbeat];
  if (dice < 0.62) return [{ op: "result", worker: reporter, task, kind: random.pick(KINDS) }];
  if (dice < 0.7) return [{ op: "cancel", client, task, force: random.chance(0.7) }];
  if (dice < 0.86) return [{ op: "confirm", worker: reporter, task, answer: random.pick(ANSWERS) }];
  // A worker that comes anew is idle, and advice has to stand for some rounds.
  if (dice < 0.92) return [{ op: "leave", worker }, heartbeat, ...rounds(random.int(1, 5))];
  if (dice < 0.95) return rounds(random.int(1, 3));
  if (dice < 0.97) return [{ op: "sweep" }];
  // With tasks waiting, what happens depends on the order of a hash set, which the released scheduler goes through.
  if (dice < 0.98 && scheduler.waiting === 0) return [{ op: "client_gone", client }];
  return dice < 0.997 ? [{ op: "leave", worker }] : [{ op: "shutdown" }];
}

function rounds(count: number): readonly WithoutTime<Step>[] {
  return Array.from({ length: count }, () => ({ op: "balance" }) as const);
}
