import { type ChildProcess, spawn } from "node:child_process";

/** How a program is run. */
export interface ProgramOptions {
  /** Written to its standard input, which is then closed: the only way for a secret, as arguments can be seen by every user. */
  readonly input?: string;
  /** Takes what it prints, as it comes. */
  readonly onOutput?: (text: string) => void;
  /** Asks it to end (SIGINT), and after {@link GRACE_MS} kills it. */
  readonly signal?: AbortSignal;
}

/** How it ended. */
export interface ProgramEnd {
  /** 127 when it could not be started, as a shell says it. */
  readonly code: number;
  readonly stdout: string;
  /** The last lines of both streams, for an error. */
  readonly tail: string;
}

/** Milliseconds for an engine to take down what it has half built. */
const GRACE_MS = 10_000;
const KEPT_CHARACTERS = 64_000;
const TAIL_LINES = 15;

/**
 * Runs a program to its end, from a list of arguments and never through a shell.
 * @throws the reason of `signal`, once the program has ended
 */
export async function runProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramEnd> {
  const { signal, onOutput } = options;
  signal?.throwIfAborted();
  // Attestations would make the image an index of two; a job definition and a repository want the image.
  const env = { ...process.env, BUILDX_NO_DEFAULT_ATTESTATIONS: "1" };
  const child = spawn(file, args, { env, stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "";
  let all = "";
  const take = (chunk: string): void => {
    all = (all + chunk).slice(-KEPT_CHARACTERS);
    onOutput?.(chunk);
  };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout = (stdout + chunk).slice(-KEPT_CHARACTERS);
    take(chunk);
  });
  child.stderr.setEncoding("utf8").on("data", take);
  // A program that ends without reading: its exit code says why, not our broken pipe.
  child.stdin.on("error", () => undefined).end(options.input ?? "");
  const release = stopWith(child, signal);
  try {
    const code = await ended(child);
    signal?.throwIfAborted();
    return { code, stdout, tail: all.trimEnd().split("\n").slice(-TAIL_LINES).join("\n") };
  } finally {
    release();
  }
}

/**
 * What a program that failed said, for an error.
 * @param seen whether the user has seen its output already: then the last line is enough
 */
export function saidBy(tail: string, seen: boolean): string {
  if (!seen) return tail;
  const last = tail.trimEnd().split("\n").at(-1)?.trim() ?? "";
  return `${last.slice(0, LINE_CHARACTERS)}${last.length > LINE_CHARACTERS ? "..." : ""} (its output says more)`;
}

const LINE_CHARACTERS = 300;

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once("error", () => resolve(127));
    child.once("close", (code) => resolve(code ?? 1));
  });
}

function stopWith(child: ChildProcess, signal: AbortSignal | undefined): () => void {
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill("SIGINT");
    timer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  };
  signal?.addEventListener("abort", stop, { once: true });
  return () => {
    signal?.removeEventListener("abort", stop);
    clearTimeout(timer);
  };
}
