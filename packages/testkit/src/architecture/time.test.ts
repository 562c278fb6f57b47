import { expect, it } from "vitest";
import { sourceFiles } from "./source-files.ts";

const files = sourceFiles().filter((file) => file.package !== "testkit");
const using = (pattern: RegExp): readonly string[] =>
  files
    .filter(({ code, imports }) => pattern.test(code) || imports.some((from) => pattern.test(from)))
    .map(({ path }) => path)
    .toSorted();

// Time and chance are injected, so that tests can own them. Each place that takes them from the machine is named here.

it("takes the time of day only where files or clocks of other machines are judged, or a file is written for them", () => {
  expect(using(/\bDate\.now\b|\bnew Date\b/)).toEqual([
    "adapter-core/src/engine/shell/system-clock.ts",
    "cli/src/orphans/managers.ts",
    "payload-fs/src/key-lock.ts",
    "payload-fs/src/store-root.ts",
    "payload-s3/src/checks/s3-checks.ts",
    "runner-node/src/store/credentials.ts",
    "runner-node/src/store/s3-request.ts",
  ]);
});

it("asks the machine for chance only at the edge, for jitter and for ids", () => {
  expect(using(/\bMath\.random\b/)).toEqual([
    "adapter-core/src/engine/shell/engine.ts",
    "payload-fs/src/key-lock.ts",
    "runner-node/src/store/pause.ts",
    "scaler-protocol/src/object-storage/object-streams.ts",
    "scaler-protocol/src/object-storage/storage-link.ts",
    "scaler-protocol/src/transport/connect-with-retry.ts",
  ]);
});

it("has one real clock in the core, beside suites and in-memory implementations", () => {
  const core = using(/\bsetTimeout\b|\bsetInterval\b|\bperformance\.now\b|timers\/promises/).filter((path) =>
    path.startsWith("adapter-core/"),
  );
  expect(core).toEqual([
    "adapter-core/src/conformance/backend-bench.ts",
    "adapter-core/src/conformance/expectations.ts",
    "adapter-core/src/conformance/store-lifetime-cases.ts",
    "adapter-core/src/engine/shell/resources.ts",
    "adapter-core/src/engine/shell/system-clock.ts",
    "adapter-core/src/memory/memory-payload-store.ts",
  ]);
});

it("has no clock, chance or input of any kind in the deciding core", () => {
  const core = files.filter(({ path }) => path.startsWith("adapter-core/src/engine/core/"));
  expect(core.length).toBeGreaterThan(10);
  const outside =
    /\b(?:Date|performance|setTimeout|setInterval|setImmediate|queueMicrotask|process|fetch)\b|Math\.random|\bawait\b|\basync\b/;
  expect(core.filter(({ code }) => outside.test(code)).map(({ path }) => path)).toEqual([]);
  expect(core.flatMap(({ imports }) => imports.filter((from) => !from.startsWith(".")))).toEqual([]);
});

it("uses timers elsewhere only for sockets, processes and the terminal", () => {
  const others = using(/\bsetTimeout\b|\bsetInterval\b|timers\/promises/).filter(
    (path) => !path.startsWith("adapter-core/"),
  );
  expect(others).toEqual([
    "cli/src/late-word.ts",
    "cli/src/plugins/load-plugins.ts",
    "cli/src/scaler/storage-site.ts",
    "cli/src/scaler/worker-link.ts",
    "cli/src/start/live-line.ts",
    "client/src/outside/clock.ts",
    "payload-fs/src/key-lock.ts",
    "provision/src/command/provision-command.ts",
    "provision/src/images/push-image.ts",
    "provision/src/images/run-program.ts",
    "provision/src/stacks/waiting.ts",
    "runner-node/src/executor/start-executor.ts",
    "runner-node/src/store/http-client.ts",
    "runner-node/src/store/pause.ts",
    "runner-node/src/supervisor/child-run.ts",
    "runner-node/src/supervisor/executor-process.ts",
    "runner-node/src/supervisor/executor-start.ts",
    "runner-node/src/supervisor/results.ts",
    "scaler-protocol/src/object-storage/deadlines.ts",
    "scaler-protocol/src/object-storage/link-watch.ts",
    "scaler-protocol/src/transport/connect-with-retry.ts",
    "scaler-protocol/src/transport/connect.ts",
    "scaler-protocol/src/transport/frame-writer.ts",
    "scaler-protocol/src/transport/ymq-connection.ts",
    "scaler-protocol/src/transport/zmq-connection.ts",
  ]);
});
