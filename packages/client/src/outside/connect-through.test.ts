import { type ConnectionHandlers, encodeMessage, ProtocolError } from "@scaler-aws-hpc/scaler-protocol";
import { afterEach, expect, it } from "vitest";
import { turns } from "../../test-support/turns.ts";
import { connectThrough } from "../client.ts";
import { systemClock } from "./clock.ts";
import { type Outside, realOutside } from "./outside.ts";

let handlers: ConnectionHandlers;
let closed: string[] = [];
const timers = new Set<() => void>();

/** A scheduler that echoes, and a storage that stores nothing. */
const outside: Outside = {
  ...realOutside,
  clock: {
    ...systemClock,
    every: (ms, action) => {
      const stop = systemClock.every(ms, action);
      timers.add(stop);
      return () => {
        timers.delete(stop);
        stop();
      };
    },
  },
  connect: async (_address, options) => {
    handlers = options;
    const noop = (): void => undefined;
    const objectStorageAddress = { host: "storage", port: 1, scheme: "tcp" };
    const echo = encodeMessage({ kind: "clientHeartbeatEcho", objectStorageAddress }, 1);
    setImmediate(() => handlers.onFrame(echo));
    const close = async (): Promise<void> => void closed.push("scheduler");
    const state = { magic: 1, transport: "ymq", remoteIdentity: "S", bytesReceived: 0, bufferedBytes: 0 } as const;
    const calls = { send: () => true, sendStream: close, drained: close, pause: noop, resume: noop, destroy: noop };
    return { ...state, ...calls, close, [Symbol.asyncDispose]: close };
  },
  openStorage: async () => ({
    magic: 1,
    set: () => new Promise(() => undefined),
    get: () => new Promise(() => undefined),
    delete: async () => 0,
    close: async () => void closed.push("storage"),
  }),
};

afterEach(() => {
  expect([closed, timers.size]).toEqual([["scheduler", "storage"], 0]);
  closed = [];
});

it("stops connecting at its signal while the storage takes nothing", async () => {
  const controller = new AbortController();
  const connecting = connectThrough(outside, "tcp://scheduler:1", { signal: controller.signal });
  connecting.catch(() => undefined);
  await turns();
  controller.abort(new Error("not wanted"));
  await expect(connecting).rejects.toThrow("not wanted");
});

it("stops connecting when the scheduler is lost meanwhile, and after its time", async () => {
  const connecting = connectThrough(outside, "tcp://scheduler:1");
  connecting.catch(() => undefined);
  await turns();
  handlers.onClose(new ProtocolError("closed", "gone"));
  await expect(connecting).rejects.toThrow(/^\[disconnected\]/);
  closed = [];
  const late = connectThrough(outside, "tcp://scheduler:1", { connectTimeoutMs: 30 });
  await expect(late).rejects.toThrow(/^\[unavailable\] the object storage took nothing within 30 ms/);
});
