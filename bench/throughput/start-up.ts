// How long a runner takes from its start to its first result, without a manager: the parent speaks the control channel.
import { execFile, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";
import { promisify } from "node:util";
import { decodeFrame, encodeBundle, encodeSection } from "@scaler-aws-hpc/adapter-core";
import { encodeFunction, encodeValue, serializerObject } from "@scaler-aws-hpc/client/format";
import { nodeRunner, RUNNER_FILE } from "@scaler-aws-hpc/runner-node";
import { nodeProgram, releaseBin, repositoryRoot } from "@scaler-aws-hpc/testkit";

/** A runner and a trivial task for it, as its client sends them. */
export interface Starter {
  readonly file: string;
  readonly args: readonly string[];
  readonly serializer: Uint8Array;
  readonly fn: Uint8Array;
  readonly argument: Uint8Array;
}

const SECRET = "5a".repeat(32);
const JOB = "start";
const CLIENT_PICKLES = `
import base64, cloudpickle
from scaler.client.serializer.default import DefaultSerializer
namespace = {"__name__": "__main__"}
exec("def trivial(x):\\n    return x\\n", namespace)
for value in (DefaultSerializer(), namespace["trivial"], 1):
    print(base64.b64encode(cloudpickle.dumps(value, protocol=5)).decode())
`;

const packages = join(repositoryRoot(), "packages");

/** The Node runner, as one starts where another one has lived for a second: it keeps itself compiled. */
export function nodeStarter(): Starter {
  execFileSync(process.execPath, [RUNNER_FILE, "--prepare"]);
  const module = Buffer.from("export const trivial = (x) => x;\n");
  const { file, args } = nodeRunner.command?.({}) ?? { file: nodeProgram(), args: [] };
  return {
    ...{ file, args },
    serializer: serializerObject(),
    fn: encodeFunction({ name: "trivial", exportName: "trivial", node: process.versions.node, module }),
    argument: encodeValue(1),
  };
}

/** The Python runner, with what the released client pickles. */
export async function pythonStarter(): Promise<Starter> {
  const file = join(releaseBin("2.9.0"), "python");
  const { stdout } = await promisify(execFile)(file, ["-c", CLIENT_PICKLES]);
  const [serializer, fn, argument] = stdout.split("\n").map((line) => Buffer.from(line, "base64"));
  if (serializer === undefined || fn === undefined || argument === undefined) throw new Error("no pickles");
  const args = ["-B", join(packages, "runner-python", "python", "scaler_runner.py")];
  return { file, args, serializer, fn, argument };
}

/** Milliseconds from the spawn of a runner to its first stored result. */
export async function startUpMs(starter: Starter): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "start-up-"));
  try {
    const key = `v1/in/m/${JOB}`;
    await mkdir(dirname(join(folder, key)), { recursive: true });
    await writeFile(join(folder, key), await bundleOf(starter));
    const { frame, took } = await firstFrame(starter, folder, key);
    const { results } = await decodeFrame(frame, await readFile(join(folder, frame)), SECRET);
    if (results[0]?.status !== "ok") throw new Error(`the runner answered ${JSON.stringify(results)}`);
    return took;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The first frame that a new runner stores, and when it said so; the runner is gone afterwards, which does not count. */
async function firstFrame(
  { file, args }: Starter,
  root: string,
  bundle: string,
): Promise<{ readonly frame: string; readonly took: number }> {
  const begun = performance.now();
  const child = spawn(file, args, { stdio: ["ignore", "ignore", "inherit", "pipe"] });
  const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const channel = child.stdio[3] as Duplex;
  channel.on("error", () => undefined); // the end of the runner, which is told otherwise
  const run = {
    ...{ type: "run", job: JOB, child: 0, attempt: 1, secret: SECRET, store: { kind: "fs", root } },
    ...{ bundle, inline: null, outPrefix: `v1/out/m/${JOB}.`, manager: "m" },
  };
  try {
    for await (const line of createInterface({ input: channel })) {
      const message = JSON.parse(line) as Readonly<Record<string, unknown>>;
      if (message["type"] === "ready") channel.write(`${JSON.stringify(run)}\n`);
      if (message["type"] === "frame") return { frame: String(message["key"]), took: performance.now() - begun };
      if (message["type"] === "over") throw new Error(`the runner gave up: ${line}`);
    }
    throw new Error("the runner ended before it answered");
  } finally {
    channel.destroy();
    await gone;
  }
}

async function bundleOf({ serializer, fn, argument }: Starter): Promise<Buffer> {
  const id = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
  const objects = [serializer, fn, argument].map((bytes) => ({
    ...{ id: id(bytes), bytes, raw: bytes.length, gzip: false },
  }));
  const task = { id: "01".repeat(16), fn: id(fn), args: [id(argument)], stream: false, profiling: false };
  const section = encodeSection({
    ...{ job: JOB, child: 0, client: "c0ffee", taskLimitMs: 60_000, flushMs: 0, flushBytes: 8 << 20, fresh: false },
    ...{ serializer: id(serializer), objects, tasks: [task] },
  });
  return Buffer.concat(await encodeBundle({ job: JOB, secret: SECRET, sections: [section] }));
}
