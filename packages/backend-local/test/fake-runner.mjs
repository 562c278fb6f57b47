// A runner without tasks: what it does with a job is named by the job's `bundle` key, what it does at start by its first argument.
import { Socket } from "node:net";

const mode = process.argv[2] ?? "obey";
const channel = new Socket({ fd: 3, readable: true, writable: true });
const say = (message) => channel.write(typeof message === "string" ? message : `${JSON.stringify(message)}\n`);
channel.on("end", () => process.exit(0));
channel.on("error", () => process.exit(0));

if (mode === "crash") {
  process.stderr.write("cannot import the moon\n");
  process.exitCode = 1;
  channel.destroy();
} else if (mode === "deaf") {
  process.on("SIGTERM", () => undefined);
} else if (mode === "garbage") {
  say("not json\n");
} else {
  say({
    type: "ready",
    protocol: mode === "newer" ? 2 : 1,
    runner: "fake",
    version: "1",
    language: "node",
    pid: process.pid,
  });
}

let text = "";
channel.on("data", (chunk) => {
  text += chunk;
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
    const line = text.slice(0, end);
    text = text.slice(end + 1);
    hear(JSON.parse(line));
  }
});

function hear(message) {
  const { job, child } = message;
  const over = (rest) => say({ type: "over", job, child, ...rest });
  const frame = (key) => say({ type: "frame", job, child, key });
  if (message.type === "exit") process.exit(0);
  if (message.type === "cancel" && current !== "stubborn")
    over({ ok: false, kind: "cancelled", reason: "the job was cancelled" });
  if (message.type === "revoke") {
    frame(`${prefix}0.1.${message.tasks.join("")}`);
    over({ ok: true });
  }
  if (message.type !== "run") return;
  current = message.inline === null ? message.bundle : Buffer.from(message.inline, "base64url").toString();
  prefix = message.outPrefix;
  if (current === "ok") {
    say({ type: "progress", job, child, task: 0, taskAgeMs: 1, rssBytes: 2, cpuPercent: 3, pid: process.pid });
    say({ type: "news", of: "a newer runner" });
    frame(`${prefix}0.1.0`);
    over({ ok: true });
  }
  if (current === "corrupt" || current === "store") over({ ok: false, kind: current, reason: `bad ${current}` });
  if (current === "elsewhere") frame("v1/out/m/other.0.1.0");
  if (current === "die") {
    process.stderr.write("last words\n", () => process.exit(7));
  }
  if (current === "heap") {
    // As V8 does it, with the addresses that follow.
    const words = ["FATAL ERROR: CALL_AND_RETRY_LAST Allocation failed - JavaScript heap out of memory"];
    for (let n = 1; n <= 20; n += 1) words.push(`${n}: 0x931db0`);
    process.stderr.write(`${words.join("\n")}\n`, () => process.abort());
  }
  if (current === "killed") process.kill(process.pid, "SIGKILL");
  if (current === "long") say("x".repeat(1024 * 1024 + 1));
}

let current;
let prefix;
