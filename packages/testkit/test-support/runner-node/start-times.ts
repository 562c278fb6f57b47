import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { encodeBundle, encodeSection } from "@scaler-aws-hpc/adapter-core";

const SECRET = "5a".repeat(32);

/** A runner with a task of its language. */
export interface Starter {
  readonly file: string;
  readonly args: readonly string[];
  readonly serializer: Uint8Array;
  readonly fn: Uint8Array;
  readonly arg: Uint8Array;
}

/** Milliseconds from the start of a runner's process until it said that its first task is done and stored. */
export async function firstTask({ file, args, serializer, fn, arg }: Starter): Promise<number> {
  const root = await mkdtemp(join(tmpdir(), "start-"));
  const object = (bytes: Uint8Array) => {
    const id = createHash("sha256").update(bytes).digest("hex");
    return { id, bytes, raw: bytes.length, gzip: false };
  };
  const objects = [serializer, fn, arg].map(object);
  const [first, second, third] = objects.map(({ id }) => id);
  const section = encodeSection({
    ...{ job: "j", child: 0, client: "c0ffee", taskLimitMs: 60_000, flushMs: 0, flushBytes: 1, fresh: false },
    ...{ serializer: first ?? "", objects },
    tasks: [{ id: "0".repeat(32), fn: second ?? "", args: [third ?? ""], stream: false, profiling: false }],
  });
  await mkdir(join(root, "v1/in/m"), { recursive: true });
  const bundle = await encodeBundle({ job: "j", secret: SECRET, sections: [section] });
  await writeFile(join(root, "v1/in/m/j"), Buffer.concat(bundle));
  const began = performance.now();
  const child = spawn(file, args, { stdio: ["ignore", "ignore", "inherit", "pipe"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const channel = child.stdio[3] as Duplex;
  channel.on("error", () => undefined);
  const run = { type: "run", job: "j", child: 0, attempt: 1, secret: SECRET, store: { kind: "fs", root } };
  channel.write(
    `${JSON.stringify({ ...run, bundle: "v1/in/m/j", inline: null, outPrefix: "v1/out/m/j.", manager: "m" })}\n`,
  );
  try {
    let text = "";
    for await (const chunk of channel) {
      text += String(chunk);
      if (/"over".*"ok":true/.test(text)) return performance.now() - began;
      if (text.includes('"over"')) break;
    }
    throw new Error(text);
  } finally {
    channel.destroy();
    await ended;
    await rm(root, { recursive: true });
  }
}
