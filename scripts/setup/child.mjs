import { spawn } from "node:child_process";
import { constants } from "node:os";
import { root } from "./root.mjs";

/** Milliseconds that a child has between the first signal and SIGKILL. */
const GRACE_MS = 20_000;

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();

/** @type {NodeJS.Signals | undefined} */
let stoppedBy;

/**
 * Passes Ctrl-C and SIGTERM on to whatever runs and ends this process once that has ended, so nothing stays behind.
 * A terminal sends SIGINT to the whole foreground group by itself; a second one to a child that is stopping is harmless.
 */
export function stopChildrenWithUs() {
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    process.on(signal, () => {
      const first = stoppedBy === undefined;
      stoppedBy = signal;
      for (const child of running) child.kill(first ? signal : "SIGKILL");
      if (running.size === 0) process.exit(exitCodeOf(signal));
      setTimeout(() => {
        for (const child of running) child.kill("SIGKILL");
      }, GRACE_MS).unref();
    });
  }
}

/** @param {NodeJS.Signals | null} signal */
function exitCodeOf(signal) {
  return 128 + (signal === null ? 1 : (constants.signals[signal] ?? 1));
}

/**
 * Runs a program to its end and returns its exit code and, with `capture`, what it printed.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ capture?: boolean, env?: Record<string, string | undefined>, cwd?: string }} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(file, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: options.capture ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
    });
    running.add(child);
    let output = "";
    /** @param {Buffer} chunk */
    const keep = (chunk) => {
      output = (output + chunk).slice(-200_000);
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    child.once("error", (reason) => {
      running.delete(child);
      reject(reason);
    });
    child.once("close", (code, signal) => {
      running.delete(child);
      if (stoppedBy !== undefined && running.size === 0) process.exit(exitCodeOf(stoppedBy));
      resolve({ code: code ?? exitCodeOf(signal), output });
    });
  });
}
