import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";

const PROGRAM = fileURLToPath(new URL("../bin/run.js", import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "scaler-aws-hpc-test-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Starts the command; resolves when it has ended. */
function doctor(...args: readonly string[]) {
  const { PATH, LANG } = process.env;
  const env = { PATH, LANG, HOME: folder, NODE_ENV: "production", NO_COLOR: "1" };
  const { promise, resolve } = Promise.withResolvers<{ code: unknown; stdout: string; stderr: string }>();
  const child = execFile(
    process.execPath,
    [PROGRAM, "doctor", ...args],
    { cwd: folder, env },
    (error, stdout, stderr) => resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
  );
  return { child, ended: promise };
}

it("says all that is missing at once, and how to go on", async () => {
  const { code, stdout, stderr } = await doctor().ended;
  expect(code).toBe(78);
  expect(stderr).toBe("");
  for (const line of [
    /^Program\n {2}ok {7}Node: v/m,
    /^ {2}FAULT {4}settings of `start`: no scheduler address/m,
    /^ {2}FAULT {4}payload store s3: s3 needs --s3-bucket: .*; fix: give --s3-bucket, set/m,
    /^ {2}FAULT {4}backend batch: batch needs --job-definition: /m,
    /^\d+ ok, \d+ warnings?, 4 faults, 1 not checked\nnext: mend the 4 faults above, the first one first, then scaler-aws-hpc doctor\n$/m,
  ])
    expect(stdout).toMatch(line);
});

it("prints one document when asked", async () => {
  const { code, stdout } = await doctor("--backend", "local", "--json").ended;
  expect(code).toBe(78);
  const report = JSON.parse(stdout) as { readonly lines: readonly object[] };
  expect(report).toMatchObject({ schemaVersion: 1, ok: false, exitCode: 78, summary: { faults: 1 } });
  expect(report.lines).toContainEqual(expect.objectContaining({ id: "fs-directory", level: "ok" }));
  expect(report.lines).toContainEqual(
    expect.objectContaining({ id: "start-settings", level: "fault", code: "config" }),
  );
});

it("tells a wrong file by a line, and a wrong command line as every command does", async () => {
  const file = join(folder, "wrong.toml");
  await writeFile(file, "[aws_hpc_worker_manager]\njob_que = 'x'\n");
  const wrong = await doctor("--config", file).ended;
  expect(wrong.code).toBe(78);
  expect(wrong.stdout).toMatch(/FAULT {4}settings: .*unknown key "job_que"; fix: did you mean job_queue\?/);
  expect(await doctor("--job-que", "x").ended).toMatchObject({ code: 2, stdout: "" });
});

it("ends at once by Ctrl-C, and says what it had not looked at", async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const { child, ended } = doctor("--backend", "local", `tcp://127.0.0.1:${port}`);
  await once(silent, "connection");
  child.kill("SIGINT");
  const { code, stdout } = await ended;
  for (const socket of sockets) socket.destroy();
  silent.close();
  expect(code).toBe(130);
  expect(stdout).toMatch(/^ {2}- {8}scheduler tcp:.*: not checked: interrupted$/m);
  expect(stdout).not.toContain("next:");
});
