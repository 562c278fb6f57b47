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
  const [first = "", second = ""] = words;
  const topic = `${first} `;
  const below = known.filter((id) => id.startsWith(topic)).map((id) => id.slice(topic.length));
  const close = below.length > 0 ? guessBelow(topic, second, below) : guess(`${topic}${second}`, first, known);
  const help = `see \`scaler-aws-hpc ${below.length > 0 ? topic : ""}--help\``;
  const next = close === undefined ? help : `did you mean \`scaler-aws-hpc ${close}\`?`;
  return `there is no command ${shown(words.join(" "))}; ${next}`;
}

function guessBelow(topic: string, word: string, below: readonly string[]): string | undefined {
  const close = didYouMean(word, below);
  return close === undefined ? undefined : `${topic}${close}`;
}

const guess = (both: string, first: string, known: readonly string[]): string | undefined =>
  didYouMean(both.trim(), known) ?? didYouMean(first, known);

const shown = (text: string): string => JSON.stringify(text.slice(0, 80));
