export { FakeScheduler } from "./fake-scheduler.ts";
export type { CancelAnswer, ResultKind, SchedulerPeers, SchedulerTask, ToClient, ToWorker } from "./messages.ts";
export { RULES_2_6_0, RULES_2_9_0, type SchedulerRules } from "./rules.ts";
