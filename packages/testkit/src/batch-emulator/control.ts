import type { BatchEmulator } from "./emulator.ts";
import type { AttemptFaultRule, CallFaultRule } from "./faults.ts";
import { type Fields, fieldsOf, requiredText, textOf } from "./fields.ts";

type Answer = (emulator: BatchEmulator, body: Fields) => unknown;

/** What programs in other processes ask for with `GET`, or `POST` and a JSON object, below `/_emulator/`. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  counts: (emulator) => ({
    calls: emulator.counts(),
    maxPerSecond: emulator.maxPerSecond(),
    containers: emulator.containers,
    liveJobs: emulator.liveJobs().length,
    faults: emulator.faults.happened,
    s3: emulator.s3?.counts() ?? {},
    s3ByCaller: emulator.s3?.countsByCaller() ?? {},
  }),
  calls: (emulator) => emulator.calls(),
  jobs: (emulator) =>
    emulator.units().map(({ id, spec, status, statusReason, attempts, exitCode }) => {
      return { id, name: spec.name, status, statusReason, attempts: attempts.length, exitCode };
    }),
  keys: (emulator) => emulator.s3?.keys() ?? [],
  log: (emulator, body) => ({ text: emulator.logOf(requiredText(body, "id")) }),
  reset: (emulator) => emulator.resetCounts(),
  "attempt-fault": (emulator, body) => emulator.faults.addAttemptRule(body as unknown as AttemptFaultRule),
  "call-fault": (emulator, body) => emulator.faults.addCallRule(body as unknown as CallFaultRule),
  "clear-faults": (emulator) => emulator.faults.clear(),
  stick: (emulator, body) => emulator.stick(requiredText(body, "queue"), textOf(body, "reason")),
  kill: (emulator, body) => ({ killed: emulator.killChild(requiredText(body, "id")) }),
  latency: (emulator, body) => {
    emulator.latencyMs = Number(body["ms"]);
  },
};

/** Answers one of them; `undefined` when there is no such thing. @throws {ApiRefusal} for a body that is not right */
export function control(emulator: BatchEmulator, path: string, body: unknown): unknown {
  const answer = ANSWERS[path];
  return answer === undefined ? undefined : (answer(emulator, fieldsOf(body ?? {}, "body")) ?? {});
}
