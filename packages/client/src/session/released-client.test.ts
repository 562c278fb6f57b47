import { readFileSync } from "node:fs";
import { decodeMessage, encodeMessage, type Magic, type SchedulerMessage } from "@scaler-aws-hpc/scaler-protocol";
import { describe, expect, it } from "vitest";
import { FakeCluster } from "../../test-support/fake-cluster.ts";
import { turns } from "../../test-support/turns.ts";
import { encodeValue } from "../format/index.ts";
import { newIdentity } from "./identity.ts";
import { Session } from "./session.ts";

interface Golden {
  readonly name: string;
  readonly hex: string;
}

const text = (magic: Magic): string =>
  readFileSync(new URL(`../../../scaler-protocol/fixtures/golden-magic-${magic}.json`, import.meta.url), "utf8");
const bytesOf = (magic: Magic, name: string): Buffer => {
  const { frames } = JSON.parse(text(magic)) as { frames: readonly Golden[] };
  return Buffer.from(frames.find((frame) => frame.name === name)?.hex ?? "", "hex");
};

/** Runs a session under the ids of the golden frames, and gives what it sent, by kind. */
async function sentBy(magic: Magic): Promise<{ sent: SchedulerMessage[]; task: SchedulerMessage }> {
  const task = decodeMessage(bytesOf(magic, "a client's task"), magic);
  const serializer = decodeMessage(bytesOf(magic, "a client's serializer"), magic);
  if (task.kind !== "task" || serializer.kind !== "objectInstruction") throw new Error("the golden frames changed");
  const ids = [...task.functionArgs.map(({ data }) => data), task.funcObjectId];
  const cluster = new FakeCluster();
  const session = new Session({
    identity: {
      ...newIdentity(),
      hex: serializer.objectUser,
      serializerId: serializer.objectIds[0] ?? "",
      newObjectId: () => ids.shift() ?? "",
    },
    scheduler: cluster.scheduler,
    storage: cluster.storage,
    newTaskId: () => task.taskId,
  });
  cluster.session = session;
  await session.start();
  const prepared = Promise.resolve({ name: "double", bytes: Buffer.alloc(70) });
  const args = [{ bytes: encodeValue(1) }];
  const run = session.submit({ prepared, args, priority: 3, profile: false, capabilities: { node: -1 } });
  await turns();
  cluster.onCancel = (id) => cluster.confirm(id, "canceled");
  await run.cancel();
  await session.clear(100);
  await session.leave(100);
  return { sent: cluster.sent, task };
}

describe.each([1, 2] as const)("a session in numbering %i, beside the released client's frames", (magic) => {
  it("sends the same task, cancel and farewell, byte for byte", async () => {
    const { sent } = await sentBy(magic);
    const frame = (kind: SchedulerMessage["kind"]): string => {
      const message = sent.find((one) => one.kind === kind);
      return message === undefined ? "" : Buffer.from(encodeMessage(message, magic)).toString("hex");
    };
    expect(frame("task")).toBe(bytesOf(magic, "a client's task").toString("hex"));
    expect(frame("taskCancel")).toBe(bytesOf(magic, "taskCancel forced").toString("hex"));
    expect(frame("clientDisconnect")).toBe(bytesOf(magic, "clientDisconnect disconnect").toString("hex"));
  });

  it("announces and deletes the same objects, of the same types, with its own names and sizes", async () => {
    const { sent } = await sentBy(magic);
    const ours = sent.filter((one) => one.kind === "objectInstruction");
    const names = ["a client's serializer", "a client's function and argument", "a client's clear"];
    expect(ours).toHaveLength(names.length);
    for (const [index, name] of names.entries()) {
      const golden = decodeMessage(bytesOf(magic, name), magic);
      if (golden.kind !== "objectInstruction") throw new Error("the golden frames changed");
      const { instructionType, objectUser, objectTypes } = golden;
      expect(ours[index]).toMatchObject({ instructionType, objectUser, objectTypes });
      expect(new Set(ours[index]?.objectIds)).toEqual(new Set(golden.objectIds));
      const count = instructionType === "create" ? golden.objectIds.length : 0;
      expect(ours[index]?.objectNames).toHaveLength(count);
      if (count > 0) expect(ours[index]?.objectSizes).toHaveLength(count);
    }
  });

  it("calls itself, and its serializer, as the released client does", () => {
    const { text: name, hex, serializerId, newObjectId } = newIdentity("analysis");
    expect(name).toMatch(/^Client\|analysis\|[0-9a-f]{32}$/);
    expect(newIdentity().text).toMatch(/^Client\|[0-9a-f]{32}$/);
    expect(Buffer.from(hex, "hex").toString()).toBe(name);
    expect(newObjectId()).toMatch(/^[0-9a-f]{64}$/);
    expect(newObjectId().slice(0, 32)).toBe(serializerId.slice(0, 32));
    const golden = decodeMessage(bytesOf(magic, "a client's serializer"), magic);
    if (golden.kind !== "objectInstruction") throw new Error("the golden frames changed");
    expect(golden.objectIds[0]?.slice(32)).toBe(serializerId.slice(32));
    expect(() => newIdentity("a|b")).toThrow(/^\[config\] name of a client/);
    expect(() => newIdentity("")).toThrow(/^\[config\]/);
  });
});
