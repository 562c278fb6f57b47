import type { TaskResult } from "@scaler-aws-hpc/scaler-protocol";
import type { ClientRecord } from "./client-record.ts";
import type { ClientWorld } from "./client-world.ts";

/** A result as no scheduler should send one. */
export function strangeResult(world: ClientWorld, record: ClientRecord, result: TaskResult): TaskResult {
  const { kernel } = world;
  record.tampered.add(result.taskId);
  // What is not named any more stays until its client leaves.
  const unnamed = (): void => {
    for (const id of result.results) record.undeleted.add(id);
  };
  switch (kernel.random.int(0, 4)) {
    case 0:
      kernel.seen("result without an object");
      unnamed();
      return { ...result, results: [] };
    case 1: {
      kernel.seen("result with two objects");
      const another = world.newObject(record, Buffer.from("another"));
      return { ...result, results: [...result.results, another] };
    }
    case 2:
      kernel.seen("result that is not stored");
      unnamed();
      return { ...result, results: [kernel.random.hex(32)] };
    case 3:
      kernel.seen("result with a broken profile");
      return { ...result, metadata: Buffer.from("no profile") };
    default:
      kernel.seen("result that is no value");
      unnamed();
      return { ...result, resultType: "success", results: [world.newObject(record, Buffer.from("no value"))] };
  }
}
