import { join } from "node:path";
import { ChildProgram } from "./child-program.ts";
import type { Cluster } from "./cluster.ts";
import { HarnessError } from "./harness-error.ts";
import { pythonProgram, releaseBin } from "./repository.ts";

/** What a Python client program left behind. */
export interface ClientRun {
  /** Each stdout line that is a JSON object, parsed, in order. */
  readonly lines: readonly Record<string, unknown>[];
  readonly stdout: string;
  /** stdout and stderr as they came, the last megabyte. */
  readonly logs: string;
  readonly exitCode: number | null;
  readonly elapsedMs: number;
}

/**
 * Runs a Python program of this package with the cluster's release and returns what it printed.
 *
 * @param script A file of `packages/testkit/python`, or an absolute path.
 * @param timeoutMs After which the program and its children are killed. @default 120_000
 * @throws {HarnessError} `timeout`, with the last lines of the client and of the cluster.
 */
export async function runClient(
  cluster: Cluster,
  script: string,
  args: readonly string[],
  timeoutMs = 120_000,
  options: { readonly signal?: AbortSignal } = {},
): Promise<ClientRun> {
  await using program = await startClient(cluster, script, args);
  const timeout = AbortSignal.timeout(timeoutMs);
  const stop = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
  const stopped = new Promise<undefined>((resolve) => {
    if (stop.aborted) resolve(undefined);
    stop.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  const exit = await Promise.race([program.exited, stopped]);
  if (exit === undefined) {
    program.kill("SIGKILL", "group");
    options.signal?.throwIfAborted();
    const text = `${script} ${args.join(" ")} ran longer than ${timeoutMs} ms\n${program.logs.tail()}\n${cluster.logs()}`;
    throw new HarnessError("timeout", text);
  }
  const stdout = program.stdout.text;
  return { lines: jsonLines(stdout), stdout, logs: program.logs.text, exitCode: exit.code, elapsedMs: exit.elapsedMs };
}

/** Starts a Python client program and leaves it running, for tests that end it themselves. */
export async function startClient(cluster: Cluster, script: string, args: readonly string[]): Promise<ChildProgram> {
  const file = join(releaseBin(cluster.release), "python");
  const path = script.startsWith("/") ? script : pythonProgram(script);
  return await ChildProgram.start({
    name: `client ${script}`,
    file,
    args: [path, "--address", cluster.address, ...args],
    env: { ...cluster.env, PYTHONUNBUFFERED: "1", PYTHONDONTWRITEBYTECODE: "1" },
    cwd: cluster.folder,
  });
}

function jsonLines(text: string): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = [];
  for (const line of text.split("\n")) {
    if (!line.startsWith("{")) continue;
    try {
      const value: unknown = JSON.parse(line);
      if (typeof value === "object" && value !== null) found.push(value as Record<string, unknown>);
    } catch {
      // A task may print anything: what is no JSON is not ours.
    }
  }
  return found;
}
