import { type Finding, fault, ok, warning } from "@scaler-aws-hpc/adapter-core";
import type { ImageFacts } from "./account-port.ts";

/** Labels of the images that `provision build-image` makes. */
const PYTHON_LABEL = "scaler-aws-hpc.python";
const RUNNER_LABEL = "scaler-aws-hpc.runner";

/** Whether an image runs on machines of these architectures, and starts a runner. */
export function imageFindings(
  image: string,
  platforms: readonly ImageFacts[] | undefined,
  architectures: readonly string[],
): readonly Finding[] {
  if (platforms === undefined) {
    const fix = "push it with `scaler-aws-hpc provision build-image`, or name another image in the job definition";
    return [fault(`${image} is not there`, fix, "missing")];
  }
  const built = platforms.map(({ architecture }) => architecture);
  const lacking = architectures.filter((wanted) => !built.includes(wanted));
  if (built.length > 0 && lacking.length > 0) {
    const text = `${image} is built for ${built.join(", ")}, but its jobs run on ${lacking.join(", ")}`;
    return [fault(text, `build it for ${lacking.join(", ")}, or use a queue of the other architecture`)];
  }
  const chosen = platforms.find(({ architecture }) => architectures.includes(architecture)) ?? platforms[0];
  if (chosen === undefined)
    return [warning(`${image}: what it is built for cannot be told`, "look at it with `docker inspect`")];
  const there = ok(`is there, built for ${built.join(", ")}`);
  if (startsRunner(chosen)) return [there];
  const fix = "build it with `scaler-aws-hpc provision build-image`, or see its entry point in docs/batch.md";
  return [there, warning("neither its labels nor its entry point tell of the runner", fix)];
}

/** Whether the image's Python is the one with which clients here would pickle. @param here such as `3.12`; `undefined`: none was found */
export function pythonFinding(platforms: readonly ImageFacts[], here: string | undefined): Finding {
  const label = platforms
    .map(({ labels }) => labels[PYTHON_LABEL])
    .find((value) => value !== undefined && value !== "");
  if (label === undefined)
    return warning(
      "the image does not say which it has",
      "see that its minor version is that of your clients; images of `provision build-image` say it",
    );
  if (here === undefined) return ok(`${label} in the image; there is none on this machine to compare with`);
  const minor = (version: string): string => version.split(".").slice(0, 2).join(".");
  if (minor(label) === minor(here)) return ok(`${label} in the image and ${here} on this machine`);
  return warning(
    `${label} in the image, but ${here} on this machine: functions that clients of another minor version pickle may not load`,
    `run clients on Python ${minor(label)}, or build the image with \`scaler-aws-hpc provision build-image --python ${minor(here)}\`; --python names another interpreter to compare with`,
  );
}

const startsRunner = ({ labels, command }: ImageFacts): boolean =>
  labels[RUNNER_LABEL] !== undefined || command.some((word) => /scaler_runner|scaler-runner|runner-node/.test(word));
