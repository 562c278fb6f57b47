import { hash } from "node:crypto";

/**
 * Id of the object that holds a task's result: MD5 of the owner's identity, as Scaler's own ids begin, then the first 16 bytes of the
 * task id's SHA-256. Deterministic, so that a result delivered again after a restart overwrites itself and leaves no second object behind.
 *
 * @param source identity of the client that owns the task, in hex.
 * @param taskId hex of 16 bytes.
 * @returns hex of 32 bytes.
 */
export function resultObjectId(source: string, taskId: string): string {
  return hash("md5", Buffer.from(source, "hex")) + hash("sha256", Buffer.from(taskId, "hex")).slice(0, 32);
}
