import { type ChildProcess, spawn } from "node:child_process";

// Ends every process group that is still registered once its stdin closes, which happens however the parent dies: a crash, a
// SIGKILL by the test runner, a lost terminal. `exit` handlers alone cannot promise that. (`-s KILL`: dash refuses `-KILL --`.)
const SCRIPT = `
trap '' INT TERM HUP
groups=" "
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    -) groups=$(printf %s "$groups" | sed "s/ $group / /") ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
`;

let reaper: ChildProcess | undefined;

function tell(line: string): void {
  if (reaper === undefined) {
    reaper = spawn("/bin/sh", ["-c", SCRIPT], { stdio: ["pipe", "ignore", "ignore"], detached: true });
    // Neither the process nor its pipe may keep this one alive; a reaper that cannot start only loses the safety net.
    reaper.once("error", () => {});
    reaper.stdin?.on("error", () => {});
    reaper.unref();
    const pipe: unknown = reaper.stdin;
    if (typeof pipe === "object" && pipe !== null && "unref" in pipe && typeof pipe.unref === "function") pipe.unref();
  }
  reaper.stdin?.write(line);
}

/** Has the process group killed if this process ends, in whatever way, before {@link releaseGroup}. */
export function guardGroup(group: number): void {
  tell(`+ ${group}\n`);
}

/** The group is over: its number may soon be somebody else's. */
export function releaseGroup(group: number): void {
  tell(`- ${group}\n`);
}
