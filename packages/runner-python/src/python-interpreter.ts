import { spawnSync } from "node:child_process";
import { AdapterError } from "@scaler-aws-hpc/adapter-core";

/** Oldest Python that the runner supports, as major and minor. */
export const OLDEST_PYTHON: readonly [number, number] = [3, 9];

/** Names the interpreter when neither a flag nor a setting does. */
export const PYTHON_VARIABLE = "SCALER_AWS_HPC_PYTHON";

const QUESTION = [
  "import sys",
  "print(sys.version_info[0], sys.version_info[1], sys.executable, flush=True)",
  "try:",
  "  import cloudpickle",
  "  print('cloudpickle', cloudpickle.__version__)",
  "except Exception: pass",
].join("\n");
const ANSWER_MS = 30_000;

/** An interpreter that was started once and is new enough. */
export interface PythonInterpreter {
  /** The program itself: not the shim or link that was named, which would cost its own start-up each time. */
  readonly file: string;
  /** Such as `3.11`. */
  readonly version: string;
  /** The version of cloudpickle that it has; `undefined`: none. */
  readonly cloudpickle: string | undefined;
}

const known = new Map<string, PythonInterpreter>();

/**
 * Finds the interpreter: the one given, else the one in the environment, else `python3` of the path. Starts it once, which holds the event loop for
 * 20 to 100 ms; remembered afterwards.
 *
 * @param named path or name of an interpreter, e.g. a virtual environment's `bin/python`
 * @throws {AdapterError} `config` when it cannot be started or is older than {@link OLDEST_PYTHON}
 */
export function findPython(named: string | undefined): PythonInterpreter {
  const fromEnvironment = process.env[PYTHON_VARIABLE];
  const [file, source] = named
    ? [named, "as given"]
    : fromEnvironment
      ? [fromEnvironment, `from ${PYTHON_VARIABLE}`]
      : ["python3", "from the path"];
  const before = known.get(file);
  if (before) return before;
  const hint = `install Python ${OLDEST_PYTHON.join(".")} or newer, or name one with --python or ${PYTHON_VARIABLE}`;
  const asked = spawnSync(file, ["-c", QUESTION], {
    encoding: "utf8",
    timeout: ANSWER_MS,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const answer = /^(\d+) (\d+) (.+)$/m.exec(asked.stdout ?? "");
  if (asked.error || asked.status !== 0 || !answer) {
    const detail = asked.error ? asked.error.message : (asked.stderr.trim().split("\n").at(-1) ?? "");
    throw new AdapterError("config", `the Python interpreter ${file} (${source}) does not start: ${detail}; ${hint}`, {
      cause: asked.error,
    });
  }
  const [, major = "", minor = "", executable = file] = answer;
  const [oldestMajor, oldestMinor] = OLDEST_PYTHON;
  if (Number(major) < oldestMajor || (Number(major) === oldestMajor && Number(minor) < oldestMinor)) {
    throw new AdapterError(
      "config",
      `the Python interpreter ${file} (${source}) is version ${major}.${minor}; ${hint}`,
    );
  }
  const [, cloudpickle] = /^cloudpickle (\S+)$/m.exec(asked.stdout) ?? [];
  const found: PythonInterpreter = { file: executable.trim(), version: `${major}.${minor}`, cloudpickle };
  known.set(file, found);
  return found;
}
