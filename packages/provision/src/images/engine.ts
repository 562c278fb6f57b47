import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { runProgram } from "./run-program.ts";

/** A program that builds and pushes images, by the name of its command. Their commands agree in all that is used here. */
export type EngineName = "docker" | "podman" | "finch";

/** In the order in which they are tried. */
export const ENGINES: readonly EngineName[] = ["docker", "podman", "finch"];

/**
 * Finds an engine that works: a command alone does not, where its daemon or machine is not running.
 * @param wanted only this one
 * @throws {AdapterError} `unavailable`, with what each one said
 */
export async function findEngine(wanted?: EngineName, options: { signal?: AbortSignal } = {}): Promise<EngineName> {
  const said: string[] = [];
  for (const name of wanted === undefined ? ENGINES : [wanted]) {
    const { code, tail } = await runProgram(name, ["info"], options);
    if (code === 0) return name;
    said.push(`${name}: ${code === 127 ? "not installed" : (tail.split("\n").at(-1) ?? `exit code ${code}`)}`);
  }
  const what = wanted === undefined ? "docker, podman or finch" : wanted;
  throw new AdapterError(
    "unavailable",
    `building an image needs ${what}, and none works here: ${said.join("; ")}; install or start one, or build elsewhere and name the image`,
  );
}
