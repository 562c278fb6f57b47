/** Something that a reader of a guide does. */
export type Step =
  /** Saves a block under a name. */
  | { readonly kind: "file"; readonly line: number; readonly name: string; readonly text: string }
  /** Types a block into a terminal, and compares what is printed with what the guide shows. */
  | {
      readonly kind: "commands";
      readonly line: number;
      readonly text: string;
      /** A terminal of its own, in which it goes on; `undefined` for the one that all others are typed into. */
      readonly terminal: string | undefined;
      readonly exit: number;
      /** Lines in their order; `...` stands for anything. */
      readonly shown: readonly string[];
    }
  /** Presses Ctrl-C in a terminal, and waits for the program's end. */
  | {
      readonly kind: "interrupt";
      readonly line: number;
      readonly terminal: string;
      readonly exit: number;
      readonly shown: readonly string[];
    };

/** Languages of blocks that are only to be read: parts of files, and what a troubled program says. */
const READ_ONLY: readonly string[] = ["json", "toml", ""];

/**
 * What a guide in Markdown has its reader do, in order. Blocks of `bash` are typed in; a block of `text` behind one is what it shows. The info string says the rest: `terminal=NAME`,
 * `exit=CODE`; `file=NAME` for a block to be saved. The comment `<!-- Ctrl-C NAME -->` presses it in that terminal.
 *
 * @throws for a block that it has no use for: a guide has nothing that is not tried
 */
export function readGuide(markdown: string): readonly Step[] {
  const steps: Step[] = [];
  let open: { readonly line: number; readonly info: string; readonly text: string[] } | undefined;
  for (const [index, line] of markdown.split("\n").entries()) {
    const fence = /^ *```(.*)$/.exec(line);
    if (open === undefined) {
      const [, terminal, exit = "0"] = /^<!-- Ctrl-C (\S+)(?: exit=(\d+))? -->$/.exec(line) ?? [];
      if (terminal !== undefined) {
        steps.push({ kind: "interrupt", line: index + 1, terminal, exit: Number(exit), shown: [] });
      }
      if (fence !== null) open = { line: index + 1, info: fence[1] ?? "", text: [] };
    } else if (fence === null) {
      open.text.push(line);
    } else {
      add(steps, open.line, open.info, open.text);
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`line ${open.line}: the block has no end`);
  return steps;
}

function add(steps: Step[], line: number, info: string, text: readonly string[]): void {
  const [language = "", ...words] = info.split(" ");
  const said = new Map(words.map((word) => [word.split("=")[0] ?? "", word.slice(word.indexOf("=") + 1)]));
  const name = said.get("file");
  const last = steps.at(-1);
  if (name !== undefined) {
    steps.push({ kind: "file", line, name, text: `${text.join("\n")}\n` });
  } else if (language === "bash") {
    const exit = Number(said.get("exit") ?? "0");
    steps.push({ kind: "commands", line, text: text.join("\n"), terminal: said.get("terminal"), exit, shown: [] });
  } else if (language === "text" && last !== undefined && last.kind !== "file") {
    steps[steps.length - 1] = { ...last, shown: text.filter((shown) => shown.trim() !== "") };
  } else if (!READ_ONLY.includes(language)) {
    throw new Error(`line ${line}: a block of ${info} is nothing that can be followed`);
  }
}

/** The first of the lines that is not in the output after those before it; `undefined` when all are. */
export function missingLine(shown: readonly string[], output: string): string | undefined {
  let rest = output;
  for (const line of shown) {
    const pattern = line.trim().split("...").map(escaped).join("[^\\n]*");
    const found = new RegExp(pattern).exec(rest);
    if (found === null) return line;
    rest = rest.slice(found.index + found[0].length);
  }
  return undefined;
}

/** As a pattern that matches it; how much blank space there is does not matter. */
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/ +/g, "[ \\t]+");
