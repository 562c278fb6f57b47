import type { Option } from "./option.ts";

/** Options of the original that have nothing to set here: read and checked, then named in one warning. */
export const IGNORED_OPTIONS: readonly Option[] = (
  [
    { name: "max-task-concurrency", short: "mtc", type: "integer", min: -1, ignored: "--max-concurrent-jobs counts" },
    { name: "max-workers", short: "mw", type: "integer", min: -1, ignored: "--max-concurrent-jobs counts" },
    { name: "scale-down-cooldown-seconds", short: "sdc", type: "number", min: 0, ignored: "slots are not machines" },
    { name: "task-timeout-seconds", short: "tts", type: "number", min: 0, ignored: "--job-timeout-minutes counts" },
    {
      name: "garbage-collect-interval-seconds",
      short: "gc",
      type: "number",
      min: 0,
      ignored: "runners collect when Python does",
    },
    {
      name: "trim-memory-threshold-bytes",
      short: "tm",
      type: "integer",
      min: 0,
      ignored: "runners are renewed instead",
    },
    { name: "hard-processor-suspend", short: "hps", type: "boolean", ignored: "no task is ever suspended" },
    { name: "io-threads", short: "it", type: "integer", min: 1, ignored: "Node has its own" },
    { name: "worker-io-threads", short: "wit", type: "integer", min: 1, ignored: "Node has its own" },
    { name: "event-loop", short: "el", type: "string", ignored: "Node has one" },
    { name: "logging-config-file", short: "lcf", type: "string", ignored: "it configures Python's logging" },
  ] as const
).map((option) => ({
  ...option,
  group: "Accepted and ignored",
  summary: `Option of the Python manager without effect here: ${option.ignored}`,
}));
