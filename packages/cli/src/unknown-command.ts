import { didYouMean } from "@scaler-aws-hpc/adapter-core";

/**
 * What is wrong with a command line whose command oclif does not find: the program's words for it, with what to do.
 * @param argv what follows the program's name
 * @param known ids of all commands, with spaces
 */
export function describeUnknownCommand(argv: readonly string[], known: readonly string[]): string {
  const flag = argv.findIndex((word) => word.startsWith("-"));
  const words = flag < 0 ? argv : argv.slice(0, flag);
  // A command with an argument that it does not take looks like another command to oclif.
  const command = words.map((_, index) => words.slice(0, index + 1).join(" ")).findLast((one) => known.includes(one));
  if (command !== undefined) {
    const [extra = ""] = words.slice(command.split(" ").length);
    return `${command} takes no argument ${shown(extra)}; see \`scaler-aws-hpc ${command} --help\``;
  }
  const [first = ""] = words;
  const topic = known.some((id) => id.startsWith(`${first} `)) ? `${first} ` : "";
  const close = didYouMean(words.slice(0, 2).join(" "), known) ?? (topic === "" ? didYouMean(first, known) : undefined);
  const next =
    close === undefined ? `see \`scaler-aws-hpc ${topic}--help\`` : `did you mean \`scaler-aws-hpc ${close}\`?`;
  return `there is no command ${shown(words.join(" "))}; ${next}`;
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 80));
