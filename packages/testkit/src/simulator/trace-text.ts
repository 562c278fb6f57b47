import type { ChildChange, EngineEffect, EngineEvent } from "@scaler-aws-hpc/adapter-core";

/** What a line of the trace says an event is about. */
export function subject(event: EngineEvent): string {
  if (event.type === "child") return `${event.change.job}.${event.change.child}`;
  if (event.type === "frame") return event.key;
  if ("taskId" in event) return event.taskId;
  if (event.type === "task") return `${event.task.taskId} ${event.worker.slice(-6)}/${event.session}`;
  if ("worker" in event) return `${event.worker.slice(-6)}/${event.session}`;
  return "job" in event ? event.job : "";
}

/** The rest of an event's line. */
export function detail(event: EngineEvent): string | number {
  if (event.type === "child") return change(event.change);
  if (event.type === "frame") return results(event);
  if (event.type === "cancel")
    return `${event.force ? "forced" : "balance"} ${event.worker.slice(-6)}/${event.session}`;
  if ("outcome" in event) return event.outcome.ok ? "ok" : event.outcome.message;
  if (event.type === "delivered") return event.delivery;
  return event.type === "link-down" ? event.reason : "";
}

function change(value: ChildChange): string {
  return value.state === "failed"
    ? `failed ${value.failure.kind} #${value.attempt}`
    : `${value.state} #${value.attempt}`;
}

function results(frame: Extract<EngineEvent, { type: "frame" }>): string {
  const parts = frame.results.map((result) => `${result.task}${result.status}${result.cause?.kind ?? ""}`);
  return frame.notStarted.length > 0 ? `${parts.join(" ")} back ${frame.notStarted.join(" ")}` : parts.join(" ");
}

/** What a line of the trace says an effect is about. */
export function effectSubject(effect: EngineEffect): string {
  if ("taskId" in effect) return effect.taskId;
  if ("worker" in effect) return `${effect.worker.slice(-6)}/${effect.session}`;
  if (effect.type === "stage") return effect.plan.name;
  if (effect.type === "delete-frames") return effect.keys.join(" ");
  if (effect.type === "revoke") return `${effect.child.job}.${effect.child.child}`;
  if (effect.type === "cancel-children") return effect.children.map(({ job, child }) => `${job}.${child}`).join(" ");
  return "job" in effect ? effect.job : "";
}

/** The rest of an effect's line. */
export function effectDetail(effect: EngineEffect): string | number {
  if (effect.type === "confirm") return effect.answer;
  if (effect.type === "close") return effect.leave ? "leave" : "";
  if (effect.type === "deliver") {
    const { from } = effect;
    const what = from.kind === "frame" ? `${from.key}#${from.task}` : from.exception;
    return `${effect.delivery} on ${effect.worker.slice(-6)}/${effect.session} ${what}`;
  }
  if (effect.type === "abandon") return effect.delivery;
  if (effect.type === "revoke") return effect.tasks.join(" ");
  if (effect.type !== "stage") return "";
  return effect.plan.packs.map((pack) => pack.tasks.map((task) => task.taskId.slice(0, 6)).join(" ")).join(" | ");
}
