import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ChildProgram } from "../../src/scaler/child-program.ts";
import { missingLine, type Step } from "./guide.ts";

/** Milliseconds that a block of commands may take; the longest make stacks. */
const LIMIT_MS = 60_000;

/** Follows a guide as somebody would who knows nothing else: saves files, types commands in, looks at what they print. Ends its terminals when disposed of. */
export class Reader implements AsyncDisposable {
  readonly #folder: string;
  readonly #state: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #terminals = new Map<string, ChildProgram>();
  readonly #groups: number[] = [];

  /**
   * @param folder where the reader works
   * @param state file outside of it, in which what was exported is kept from block to block
   */
  constructor(folder: string, state: string, env: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.#state = state;
    this.#env = env;
  }

  /** @throws when something is not as the guide says, with what was printed */
  async follow(step: Step): Promise<void> {
    if (step.kind === "file") return await writeFile(join(this.#folder, step.name), step.text);
    if (step.kind === "interrupt") return await this.#interrupt(step);
    const { text, terminal } = step;
    // What a terminal of the reader's keeps: exported variables.
    const keep = terminal === undefined ? `trap 'export -p > "${this.#state}"' EXIT\n` : "";
    const shell = await ChildProgram.start({
      name: `line ${step.line}`,
      file: "bash",
      args: ["-c", `[ ! -f "${this.#state}" ] || . "${this.#state}"\n${keep}set -eo pipefail\n${text}\n`],
      env: { ...cleared(), ...this.#env },
      cwd: this.#folder,
    });
    this.#groups.push(shell.pid);
    if (terminal !== undefined) {
      this.#terminals.set(terminal, shell);
      return await shows(shell, step);
    }
    await using _ended = shell;
    const late = setTimeout(() => shell.kill("SIGKILL", "group"), LIMIT_MS);
    const { code, signal } = await shell.exited;
    clearTimeout(late);
    check(step, code ?? signal, shell.logs.text);
  }

  /** What is open, with what was printed there, for the text of a failure. */
  tail(): string {
    return [...this.#terminals].map(([name, shell]) => `--- terminal ${name}\n${shell.logs.tail()}`).join("\n");
  }

  /** Process groups of what was typed that are still there. */
  running(): readonly number[] {
    return this.#groups.filter((group) => {
      try {
        process.kill(-group, 0);
        return true;
      } catch {
        return false;
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const shell of [...this.#terminals.values()].toReversed()) await shell[Symbol.asyncDispose]();
  }

  async #interrupt(step: Step & { readonly kind: "interrupt" }): Promise<void> {
    const shell = this.#terminals.get(step.terminal);
    if (shell === undefined) throw new Error(`line ${step.line}: nothing was typed into the terminal ${step.terminal}`);
    this.#terminals.delete(step.terminal);
    // A terminal sends it to all that runs in its foreground.
    shell.kill("SIGINT", "group");
    const late = setTimeout(() => shell.kill("SIGKILL", "group"), LIMIT_MS);
    const { code, signal } = await shell.exited;
    clearTimeout(late);
    await shell[Symbol.asyncDispose]();
    check(step, code ?? signal, shell.logs.text);
  }
}

/** Without what this process has: the reader's environment is all that counts. */
const cleared = (): Readonly<Record<string, undefined>> =>
  Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined]));

async function shows(shell: ChildProgram, { line, shown }: Step & { readonly kind: "commands" }): Promise<void> {
  const end = performance.now() + LIMIT_MS;
  while (missingLine(shown, shell.logs.text) !== undefined) {
    if (shell.exit !== undefined || performance.now() > end) {
      const missing = missingLine(shown, shell.logs.text);
      throw new Error(`line ${line}: ${JSON.stringify(missing)} was not shown\n${shell.logs.tail()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function check(
  { line, exit, shown }: Step & { readonly kind: "commands" | "interrupt" },
  code: number | string | null,
  output: string,
): void {
  if (code !== exit) throw new Error(`line ${line}: ended with ${code}, expected ${exit}\n${output}`);
  const missing = missingLine(shown, output);
  if (missing !== undefined) throw new Error(`line ${line}: ${JSON.stringify(missing)} was not shown\n${output}`);
}
