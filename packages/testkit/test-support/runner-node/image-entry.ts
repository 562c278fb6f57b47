import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../src/scaler/index.ts";

/** A program and what stands before its own arguments. */
export interface Entry {
  readonly file: string;
  readonly args: readonly string[];
}

/** What the image of the Node runner starts a job with, for the Node and the runner of this machine. */
export function imageEntry(node: string, runner: string): Entry {
  const path = join(repositoryRoot(), "packages", "provision", "images", "runner-node", "Dockerfile");
  const text = readFileSync(path, "utf8").replaceAll("\\\n", "");
  const words = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(text)?.[1] ?? "") as readonly string[];
  const [file = "", ...args] = words.map((word) =>
    word.replaceAll("/usr/local/bin/node", node).replaceAll("/opt/scaler/scaler-runner.cjs", runner),
  );
  return { file, args };
}
