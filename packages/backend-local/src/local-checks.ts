import {
  type Check,
  type CheckHost,
  type Finding,
  fault,
  isAdapterError,
  ok,
  warning,
} from "@scaler-aws-hpc/adapter-core";

const GROUP = "This machine";

/** What `doctor` looks at for this backend: each runner, started once here. With several, one that cannot be used may not be needed. */
export function localChecks(host: Pick<CheckHost, "runners" | "runnerOptions">): readonly Check[] {
  const { runners, runnerOptions } = host;
  if (runners.length === 0) {
    const none = fault("no plugin contributes one", "install one; see `scaler-aws-hpc plugins`");
    return [{ id: "local-runner", group: GROUP, title: "runners", run: async () => [none] }];
  }
  return runners.map((runner) => ({
    id: `local-runner:${runner.name}`,
    group: GROUP,
    title: `runner ${runner.name}`,
    async run() {
      try {
        const warnings = runner.check?.(runnerOptions) ?? [];
        const command = runner.command?.(runnerOptions);
        if (command === undefined) return [warning("cannot run on this machine", "use it with another backend")];
        return warnings.length > 0 ? warnings.map(split) : [ok(`starts: ${command.file}`)];
      } catch (reason) {
        if (runners.length === 1 || !isAdapterError(reason)) throw reason;
        return [split(reason.message.replace(/^\[[a-z-]+\] /, ""))];
      }
    },
  }));
}

/** What a runner says reads `what is so; what to do`. */
function split(text: string): Finding {
  const at = text.indexOf("; ");
  return at < 0 ? warning(text, "look at the runner's settings") : warning(text.slice(0, at), text.slice(at + 2));
}
