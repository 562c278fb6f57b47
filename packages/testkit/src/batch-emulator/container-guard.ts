import { type ChildProcess, spawn } from "node:child_process";

// Reads which containers run and kills those that are left once its stdin ends, which happens however the emulator's process
// dies. One awk, no further process for each container: there may be thousands.
const SCRIPT = `
trap '' INT TERM HUP
exec awk '
  $1 == "+" { live[$2] = 1 }
  $1 == "-" { delete live[$2] }
  END { for (group in live) system("kill -s KILL -- -" group " 2>/dev/null") }'
`;

/** Has containers killed, should this process end without having done so. */
export class ContainerGuard implements Disposable {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = spawn("/bin/sh", ["-c", SCRIPT], { stdio: ["pipe", "ignore", "ignore"], detached: true });
    // A guard that cannot start only loses the safety net; neither it nor its pipe may keep this process alive.
    this.#child.once("error", () => {});
    this.#child.stdin?.on("error", () => {});
    this.#child.unref();
    const pipe: unknown = this.#child.stdin;
    if (typeof pipe === "object" && pipe !== null && "unref" in pipe && typeof pipe.unref === "function") pipe.unref();
  }

  /** The process group of a container that runs. */
  add(group: number): void {
    this.#child.stdin?.write(`+ ${group}\n`);
  }

  /** It is over: its number may soon be somebody else's. */
  remove(group: number): void {
    this.#child.stdin?.write(`- ${group}\n`);
  }

  [Symbol.dispose](): void {
    this.#child.stdin?.end();
  }
}
