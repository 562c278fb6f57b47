import type { Diagnosis } from "./doctor.ts";

/** What to do after a diagnosis, in one line with the command. @param argv of `doctor`, without its name */
export function nextStep({ ok, summary }: Diagnosis, argv: readonly string[], purpose: "start" | "provision"): string {
  const kept = argv.filter((word) => word !== "--json" && word !== "--provision");
  const command = (name: string, words: readonly string[]): string =>
    ["scaler-aws-hpc", ...name.split(" "), ...words].map(quoted).join(" ");
  if (ok) {
    return `next: ${purpose === "start" ? command("start", kept) : command("provision plan", [])}`;
  }
  const what = summary.faults === 1 ? "the fault" : `the ${summary.faults} faults`;
  return `next: mend ${what} above, the first one first, then ${command("doctor", argv)}`;
}

/** A word as a shell reads it. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
