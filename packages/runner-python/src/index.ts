export { plugin } from "./plugin.ts";
export { findPython, OLDEST_PYTHON, PYTHON_VARIABLE, type PythonInterpreter } from "./python-interpreter.ts";
export { pythonRunner, RUNNER_FILE } from "./python-runner.ts";
