import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ManagerBed } from "../../test-support/manager-bed.ts";
import { breaches } from "../fakes/wire-scheduler/index.ts";
import { isHarnessError, pythonProgram, type Release, releaseBin } from "../scaler/index.ts";

/** A frame as the released binding reads it. */
interface Decoded {
  readonly kind: string;
  readonly fields: string;
  /** What the binding itself makes of the fields, in hex. */
  readonly again: string;
}

const RELEASES: readonly (readonly [Release, 1 | 2])[] = [
  ["2.6.0", 1],
  ["2.9.0", 2],
];

/** Every kind of message that a manager says, in every choice that it has. */
const SAID = [
  "workerManagerHeartbeat",
  "workerHeartbeat",
  "objectInstruction create",
  "taskResult success",
  "taskResult failed",
  "taskLog stdout",
  "taskLog stderr",
  "taskCancelConfirm canceled",
  "taskCancelConfirm cancelFailed",
];

function installed(release: Release): string | undefined {
  try {
    return releaseBin(release);
  } catch (reason) {
    if (!isHarnessError(reason)) throw reason;
    console.log(`skipped: ${reason.message}`);
    return undefined;
  }
}

// Rule 8: a frame that the scheduler cannot read ends it (2.3.5 and 2.6.0 on YMQ).
describe.each(RELEASES)("what a manager says to a scheduler like %s", (release, magic) => {
  const bin = installed(release);

  it.skipIf(bin === undefined)("is read by its binding, and is what that binding would have written", async () => {
    const frames = await scenario(magic);
    const decoded = decode(bin ?? "", frames);
    const kinds = new Set(decoded.map(({ kind, fields }) => [kind, choice(fields)].join(" ").trim()));
    const farewell = magic === 1 ? "disconnectRequest" : "workerDisconnectNotification";
    expect([...kinds].toSorted()).toEqual([...SAID, farewell].toSorted());
    for (const [at, { kind, fields, again }] of decoded.entries())
      expect({ kind, fields, frame: frames[at] }).toEqual({ kind, fields, frame: again });
  });
});

/** The choice that a message makes, where it has one: `success`, `stdout`, `canceled`, `create`. */
function choice(fields: string): string {
  return /<(?:TaskResultType|LogType|TaskCancelConfirmType|ObjectInstructionType)\.(\w+)/.exec(fields)?.[1] ?? "";
}

/** Runs everything that makes a manager speak, and returns what it said, in hex. */
async function scenario(magic: 1 | 2): Promise<string[]> {
  await using bed = await ManagerBed.open({
    magic,
    core: {
      profiles: [{ name: "default", slots: 3, capabilities: { linux: -1, größe: 7, "": 0 }, settings: {} }],
      maxTasksPerPack: 1,
    },
  });
  const { scheduler } = bed;
  const worker = await scheduler.worker();
  const wait = scheduler.object("wait");
  const forced = scheduler.task({ functionId: wait });
  const asked = scheduler.task({ functionId: wait, streamOutput: true });
  worker.send(forced, asked);
  for (const { taskId } of [forced, asked]) await bed.running(taskId);
  // A heartbeat that shows busy slots.
  const beats = scheduler.journal.received("workerHeartbeat").length;
  await scheduler.journal.until("two more heartbeats", () => {
    return scheduler.journal.received("workerHeartbeat").length >= beats + 2;
  });
  worker.send({ kind: "taskCancel", taskId: forced.taskId, force: true });
  worker.send({ kind: "taskCancel", taskId: asked.taskId, force: false });
  for (const { taskId } of [forced, asked]) await scheduler.heard("taskCancelConfirm", taskId);
  bed.release(asked.taskId);
  for (const name of ["echo", "raise", "die"]) {
    const argumentIds = [scheduler.object(new Uint8Array(100_000))];
    const task = scheduler.task({ functionId: scheduler.object(name), argumentIds });
    worker.send(task);
    await scheduler.heard("taskResult", task.taskId);
  }
  await scheduler.heard("taskResult", asked.taskId);
  worker.rst();
  await scheduler.left(worker.identity);
  await scheduler.worker(worker);
  await bed.drained();
  expect(breaches(scheduler.journal, true)).toEqual([]);
  return scheduler.journal.entries.flatMap((entry) =>
    entry.type === "received" ? [Buffer.from(entry.frame).toString("hex")] : [],
  );
}

function decode(bin: string, frames: readonly string[]): Decoded[] {
  const output = execFileSync(join(bin, "python"), [pythonProgram("decode_frames.py")], {
    input: frames.join("\n"),
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["pipe", "pipe", "inherit"],
  });
  return output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Decoded);
}
