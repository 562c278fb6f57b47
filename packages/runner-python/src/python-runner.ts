import { fileURLToPath } from "node:url";
import type { RunnerRecord } from "@scaler-aws-hpc/adapter-core";
import { findPython } from "./python-interpreter.ts";

/** The runner itself, a program of one file: what an image needs besides Python and the tasks' own packages. */
export const RUNNER_FILE: string = fileURLToPath(new URL("../python/scaler_runner.py", import.meta.url));

// What a pickle can start with: PROTO (protocol 2 and later, all that Scaler's clients write), GLOBAL, MARK.
const FIRST_BYTES = new Set([0x80, 0x63, 0x28]);

/** PROTO, then a text that is thrown away again: no Python program writes that, it is how clients of other languages say which they are. */
const isDisguised = (head: Uint8Array): boolean => head[2] === 0x8c && head[4 + (head[3] ?? 0)] === 0x30;

/**
 * Runs the tasks of clients whose serializer is a pickle. Order 100: runners of other languages disguise their serializer as a pickle and are asked first.
 * Its check and command throw {@link AdapterError} `config` when no usable interpreter is found.
 */
export const pythonRunner: RunnerRecord = {
  name: "python",
  protocol: 1,
  order: 100,
  matches: (head) => head[0] !== undefined && FIRST_BYTES.has(head[0]) && !isDisguised(head),
  check({ interpreter }) {
    const { file, version, cloudpickle } = findPython(interpreter);
    if (cloudpickle !== undefined) return [];
    return [
      `Python ${version} at ${file} has no cloudpickle, so most tasks will fail; name the Python of the clients' environment with --python, or install cloudpickle there`,
    ];
  },
  command: ({ interpreter, preload }) => ({
    file: findPython(interpreter).file,
    // -B: nothing is written beside the installed package.
    args: ["-B", RUNNER_FILE, ...(preload === undefined ? [] : ["--preload", preload])],
  }),
};
