import type { Workload, WorkloadCall } from "@scaler-aws-hpc/adapter-core/conformance";
import { encodeFunction, encodeValue, serializerObject } from "@scaler-aws-hpc/client/format";

/** Tasks for the Node runner, as its client would store them. */
export const nodeWorkload: Workload = {
  runner: "node",
  serializer: serializerObject(),
  echo: (text) => call("(text) => text", text),
  sleep: (ms) => call("(ms) => new Promise((resolve) => setTimeout(resolve, ms))", ms),
  raise: (text) => call("(text) => { throw new RangeError(text); }", text),
  // Below `process.exit`, which the runner makes the task's own failure.
  exit: (code) => call("(code) => process.reallyExit(code)", code),
};

function call(source: string, ...args: readonly unknown[]): WorkloadCall {
  const module = Buffer.from(`export const run = ${source};\n`);
  return {
    fn: encodeFunction({ name: "run", exportName: "run", node: process.versions.node, module }),
    args: args.map((arg) => encodeValue(arg)),
  };
}
