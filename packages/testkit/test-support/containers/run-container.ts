import { ChildProgram } from "../../src/scaler/index.ts";
import type { ContainerBed } from "./bed.ts";

/** What a container may not do when it runs a stranger's tasks. */
export const HARDENED: readonly string[] = [
  "--read-only",
  "--cap-drop=ALL",
  "--security-opt=no-new-privileges",
  "--user=10001:10001",
  "--pids-limit=200",
  "--memory=512m",
];

/** How a command of the engine ended. */
export interface ContainerEnd {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a container to its end and removes it. @param command other words before the arguments, for another command of the engine */
export async function runContainer(
  bed: ContainerBed | undefined,
  args: readonly string[],
  command: readonly string[] = ["run", "--rm"],
): Promise<ContainerEnd> {
  if (bed === undefined) throw new Error("there is no container engine");
  const name = `${bed.engine} ${command.join(" ")}`;
  await using program = await ChildProgram.start({ name, file: bed.engine, args: [...command, ...args], env: bed.env });
  const { code } = await program.exited;
  return { code, output: program.logs.text };
}

/** Megabytes (of 10^6 bytes) of an image, unpacked. */
export async function sizeOf(bed: ContainerBed | undefined, image: string): Promise<string> {
  const { output } = await runContainer(bed, ["image", "inspect", "--format", "{{.Size}}", image], []);
  return (Number(output.trim()) / 1_000_000).toFixed(0);
}
