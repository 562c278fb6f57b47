import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { ChildProgram } from "./child-program.ts";
import { isHarnessError } from "./harness-error.ts";

const shell = (script: string): Promise<ChildProgram> =>
  ChildProgram.start({ name: "shell", file: "/bin/sh", args: ["-c", script] });

/** Whether the process is there and no zombie that waits for its parent. */
async function gone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await sleep(20);
  }
  return false;
}

describe("ChildProgram", () => {
  it("keeps stdout apart and both together", async () => {
    await using program = await shell("echo one; echo two >&2; exit 3");
    expect(await program.exited).toMatchObject({ code: 3, signal: null });
    expect(program.stdout.text).toBe("one\n");
    expect(program.logs.text).toContain("two\n");
  });

  it("finds lines that were printed before and after the call", async () => {
    await using program = await shell("echo first 1; sleep 0.1; echo second 2; sleep 30");
    expect((await program.waitForLog(/second (\d)/))[1]).toBe("2");
    expect((await program.waitForLog(/first (\d)/))[1]).toBe("1");
    await expect(program.waitForLog(/third/, 50)).rejects.toThrow(/^\[timeout\] shell never printed/);
  });

  it("says what a program printed that ended without the line", async () => {
    await using program = await shell("echo something else");
    await expect(program.waitForLog(/ready/)).rejects.toThrow(/^\[exited\] shell[\s\S]*something else/);
  });

  it("refuses a file that is not there", async () => {
    const start = ChildProgram.start({ name: "nothing", file: "/nonexistent/program", args: [] });
    await expect(start).rejects.toSatisfy((reason) => isHarnessError(reason) && reason.code === "missing");
  });

  it("kills the whole group of a program that does not want to end", async () => {
    const program = await shell("trap '' TERM; sleep 60 & echo child $!; while :; do sleep 1; done");
    const [, child] = await program.waitForLog(/child (\d+)/);
    expect(await program.stop("SIGTERM", 100)).toMatchObject({ signal: "SIGKILL" });
    expect(await gone(Number(child))).toBe(true);
  });

  it("leaves nothing behind when the process that started it is killed", async () => {
    const module = JSON.stringify(new URL("./child-program.ts", import.meta.url).href);
    const code = `
      const { ChildProgram } = await import(${module});
      const inner = await ChildProgram.start({ name: "inner", file: "/bin/sleep", args: ["60"] });
      console.log("inner", inner.pid);
      setInterval(() => {}, 1000);
    `;
    const args = ["--experimental-strip-types", "--no-warnings", "--input-type=module", "-e", code];
    await using outer = await ChildProgram.start({ name: "outer", file: process.execPath, args });
    const [, inner] = await outer.waitForLog(/inner (\d+)/);
    outer.kill("SIGKILL");
    await outer.exited;
    expect(await gone(Number(inner))).toBe(true);
  });
});
