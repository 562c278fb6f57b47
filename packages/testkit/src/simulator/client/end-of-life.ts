import { isClientError } from "@scaler-aws-hpc/client/format";
import type { ClientLife } from "./client-life.ts";

/** Time for the connections to end, beside what the caller allows for. */
const CONNECTIONS_MS = 3_000;
/** After this without a fault, all that can be answered has been. */
const REST_MS = 150_000;

/** Closes a client in one of many ways, and looks at what is left. */
export async function endLife(life: ClientLife): Promise<void> {
  const { world, record, calls, client } = life;
  const { random } = world.kernel;
  if (world.calm && !record.lost) {
    await life.sleep(REST_MS);
    checkRest(life);
  }
  if (record.lost) await checkLoss(life);
  const timeoutMs = random.spread(50, 20_000);
  const late = random.chance(0.2) ? random.spread(1, 20_000) : 0;
  if (world.scenario.shutdowns && random.chance(0.7)) {
    const shutting = shutDown(life, timeoutMs);
    if (random.chance(0.6)) await shutting;
    else {
      await life.sleep(late);
      world.kernel.seen("closed during a shutdown");
    }
  }
  await close(life, timeoutMs);
  await life.sleep(100 + 10 * world.scenario.linkMs);
  checkEnd(life);
  const again = await calls.watch("second close", client.close(), 1);
  if (again.status === "rejected") world.kernel.fail("named", `a second close failed with ${again.reason}`);
}

async function shutDown(life: ClientLife, timeoutMs: number): Promise<void> {
  const { world, record, calls, client } = life;
  for (const facts of life.facts) {
    facts.canceled = true;
    facts.closed = true;
  }
  const outcome = await calls.watch(
    "shutdown",
    client.shutdown({ timeoutMs }),
    2 * timeoutMs + 10_000 + CONNECTIONS_MS,
  );
  if (outcome.status === "fulfilled") return;
  if (record.lost) world.kernel.seen("link lost during a shutdown");
  const { reason } = outcome;
  const codes = ["runtime", "unavailable", "closed", ...(record.lost ? ["disconnected"] : [])];
  if (!isClientError(reason) || !codes.includes(reason.code)) {
    world.kernel.fail("named", `a shutdown failed with ${(reason as Error)?.stack}`);
  }
}

async function close(life: ClientLife, timeoutMs: number): Promise<void> {
  const { world, record, calls, client } = life;
  const { kernel } = world;
  for (const facts of life.facts) facts.closed = true;
  if (record.lost) kernel.seen("closed after a loss");
  if (client.stats.open > 0) kernel.seen("closed with open tasks");
  if (record.uploading.size > 0) kernel.seen("closed while something is uploaded");
  const began = kernel.now;
  // What is stored after the farewell is too late for its deletion.
  life.clock.run(timeoutMs, () => {
    if (record.uploading.size > 0) record.unheard = true;
  });
  const closing = [calls.watch("close", client.close({ timeoutMs }), timeoutMs + CONNECTIONS_MS)];
  if (kernel.random.chance(0.2)) {
    kernel.seen("closed twice at once");
    closing.push(calls.watch("close", client.close({ timeoutMs }), timeoutMs + CONNECTIONS_MS));
  }
  for (const outcome of await Promise.all(closing)) {
    if (outcome.status === "rejected") kernel.fail("named", `close failed with ${(outcome.reason as Error)?.stack}`);
  }
  if (kernel.now - began >= timeoutMs) kernel.seen("close timed out");
  else if (record.uploading.size > 0 && !record.lost && !record.shutDown) {
    kernel.fail("objects", `${record.uploading.size} uploads were under way at the farewell`);
  }
}

/** A lost scheduler fails everything at once, but for results that are being read. */
async function checkLoss(life: ClientLife): Promise<void> {
  await life.sleep(1);
  const open = life.states.filter((state) => state !== "fetching");
  if (open.length > 0) life.world.kernel.fail("settles", `tasks are ${open.join(", ")} after the scheduler was lost`);
}

/** Nothing has gone wrong for long: what nobody needs is gone, and every task was answered. */
function checkRest(life: ClientLife): void {
  const { world, record, client, kept, unsure } = life;
  const { kernel, scenario } = world;
  if (record.lost) return;
  const unanswered = [...record.tasks.values()].some(({ answered, cancels }) => !answered && cancels > 0);
  if (client.stats.open > 0 && !unanswered && !record.clearedEarly) {
    kernel.fail(
      "settles",
      `${client.stats.open} tasks are open though nothing goes wrong: ${life.calls.names.join(", ")}`,
    );
  }
  if (client.stats.open > 0) return;
  const there = world.orphans(record).filter((id) => !record.undeleted.has(id));
  const results = there.filter((id) => record.results.has(id));
  if (results.length > 0) kernel.fail("objects", `${results.length} results were never deleted: ${results[0]}`);
  const puts = new Set([...unsure, ...kept.map(({ salt }) => salt)]).size;
  const most = 1 + 3 + puts + scenario.idleObjects;
  if (there.length - results.length > most && !record.storageFailed) {
    kernel.fail("objects", `${there.length - results.length} objects are there, expected at most ${most}`);
  }
}

/** A client is closed: it has told the truth about its tasks, sent no more than it had to, and left nothing behind. */
function checkEnd(life: ClientLife): void {
  const { world, record, client } = life;
  const { kernel } = world;
  const { submitted, succeeded, failed, canceled, open } = client.stats;
  if (open !== 0 || succeeded + failed + canceled !== submitted) {
    kernel.fail("pending", `of ${submitted} tasks ${succeeded}, ${failed}, ${canceled} ended and ${open} are open`);
  }
  if (succeeded < life.settled.succeeded) kernel.fail("value", "more tasks succeeded than the client counted");
  if (record.frames > life.worth) kernel.fail("rules", `${record.frames} frames, expected at most ${life.worth}`);
  if (record.lost || record.shutDown || record.unheard) return;
  if (!record.left) kernel.fail("rules", "closed without a farewell");
  const orphans = world.orphans(record);
  if (orphans.length > 0)
    kernel.fail(
      "objects",
      `${orphans.length} objects outlive their client: ${orphans[0]} (${record.announced.get(orphans[0] ?? "") ?? "a result"})`,
    );
}
