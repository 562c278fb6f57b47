import type { ChildProgram } from "@scaler-aws-hpc/testkit";

/** One JSON line of client.py or node-client.ts. */
export interface Step {
  readonly name: string;
  readonly expected: unknown;
  readonly got: unknown;
  readonly ok: boolean;
  readonly seconds: number;
  readonly tasks: number;
}

/** Prints each step of a client as it comes, behind `prefix`; resolves when the client has ended, or rejects when the signal aborts. */
export async function follow(client: ChildProgram, prefix: string, signal: AbortSignal): Promise<Step[]> {
  const steps: Step[] = [];
  const readNew = (): void => {
    for (const line of client.stdout.text.split("\n").slice(steps.length, -1)) {
      const step: unknown = JSON.parse(line);
      if (!isStep(step)) throw new Error(`the client printed ${line}`);
      steps.push(step);
      process.stdout.write(`  ${prefix}${text(step)}\n`);
    }
  };
  const unwatch = client.stdout.watch(readNew);
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  await Promise.race([client.exited, aborted]).finally(unwatch);
  readNew();
  return steps;
}

function text({ name, expected, got, ok, seconds }: Step): string {
  const wanted = ok ? "" : `, should be ${JSON.stringify(expected)}`;
  const took = seconds.toFixed(2).padStart(6);
  return `${ok ? "ok    " : "WRONG "} ${name.padEnd(30)} ${took} s   ${JSON.stringify(got)}${wanted}`;
}

function isStep(value: unknown): value is Step {
  return typeof value === "object" && value !== null && "name" in value && "ok" in value && "seconds" in value;
}
