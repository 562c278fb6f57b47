import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const PROGRAM = fileURLToPath(new URL("../bin/run.js", import.meta.url));
let folder: string;
let env: NodeJS.ProcessEnv;
/** An address where nobody listens. */
let nobody: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "scaler-aws-hpc-test-"));
  const { PATH, LANG } = process.env;
  env = { PATH, LANG, HOME: folder, NODE_ENV: "production", NO_COLOR: "1" };
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  nobody = `tcp://127.0.0.1:${(server.address() as { port: number }).port}`;
  server.close();
  await once(server, "close");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ran {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, ...args], { cwd: folder, env: { ...env, ...more } }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

/** What a shell makes of it; `$NODE` and `$PROGRAM` are ours. */
function runScript(script: string): Promise<Ran> {
  const variables = { ...env, NODE: process.execPath, PROGRAM };
  return new Promise((resolve) => {
    execFile("sh", ["-c", script], { cwd: folder, env: variables }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

describe("exit codes and messages", () => {
  it.each([
    [["--version"], 0, ""],
    [["start", "--help"], 0, ""],
    [["plugins"], 0, ""],
    [["start"], 2, "[usage] no scheduler address: expected tcp://HOST:PORT as the first argument"],
    [["start", "--bakend", "local"], 2, "[usage] unknown flag --bakend; did you mean --backend?"],
    [["start", "here", "--backend", "local"], 2, '[usage] --scheduler-address: "here": there is no scheme'],
    [["start", "tcp://a:1", "tcp://b:1"], 2, "[usage] Unexpected argument: tcp://b:1; see --help\n"],
    [["start", "-mcj", "0", "tcp://127.0.0.1:1"], 2, '[usage] --max-concurrent-jobs: expected 1 to 1000000, got "0"'],
    [["provision", "plan", "extra"], 2, '[usage] provision plan takes no argument "extra"; see'],
    [["provision", "--yes"], 2, "[usage] provision is several commands"],
    [["config", "shwo"], 2, "did you mean `scaler-aws-hpc config show`?"],
    [["start", "tcp://127.0.0.1:1"], 78, "[config] batch needs --job-queue: "],
    [["start", "-q=q", "tcp://127.0.0.1:1"], 78, "[config] batch needs --job-definition: "],
    [["start", "-q", "q", "-d", "d", "tcp://127.0.0.1:1"], 78, "[config] s3 needs --s3-bucket: "],
    [
      ["start", "-b", "slurm", "tcp://127.0.0.1:1"],
      78,
      'backend "slurm" is not installed; installed: batch, local; choose',
    ],
    [["start", "-b", "loca", "tcp://127.0.0.1:1"], 78, 'did you mean "local"?'],
    [
      ["start", "-b", "local", "--payload-store", "sf", "tcp://127.0.0.1:1"],
      78,
      'installed: fs, s3; did you mean "fs"?',
    ],
    [["orphans", "lits"], 2, "did you mean `scaler-aws-hpc orphans list`?"],
    [["orphans", "list"], 78, "[config] s3 needs --s3-bucket: "],
    [
      ["orphans", "list", "-q", "q", "-d", "d", "--s3-bucket", "b"],
      2,
      "[usage] which manager? give the scheduler's address",
    ],
    [["orphans", "kill", "-b", "local", "tcp://127.0.0.1:1"], 78, "the jobs of backend local end with their manager"],
    [["start", "-b", "local", "-c", "absent.toml", "tcp://127.0.0.1:1"], 78, "absent.toml: expected a TOML file"],
  ])("%j ends with %i", async (args, code, message) => {
    const ran = await run(args);
    expect(ran).toMatchObject({ code, stderr: expect.stringContaining(message) });
  });

  it("lists what plugins bring, flags included", async () => {
    const ran = await run(["plugins"]);
    expect(ran.stdout).toMatch(/payload-fs .*: payload store fs, --store-dir, --store-durable$/m);
    expect(JSON.parse((await run(["plugins", "--json"])).stdout).plugins).toContainEqual(
      expect.objectContaining({ package: "@scaler-aws-hpc/backend-local", backends: ["local"], options: ["python"] }),
    );
  });

  it("tells errors as JSON when asked, and nothing else on stdout", async () => {
    const ran = await run(["start", "--json", "--bakend", "local"]);
    expect(ran.code).toBe(2);
    expect(JSON.parse(ran.stdout)).toEqual({
      schemaVersion: 1,
      error: { code: "usage", message: "unknown flag --bakend; did you mean --backend?", exitCode: 2 },
    });
    for (const argv of [
      ["provision", "--json"],
      ["provision", "bogus", "--json"],
      ["bogus", "--json"],
    ]) {
      const document = JSON.parse((await run(argv)).stdout) as object;
      expect(document).toMatchObject({ schemaVersion: 1, error: { code: "usage", exitCode: 2 } });
    }
    const other = await run(["config", "show", "--json", "a", "b"]);
    expect(JSON.parse(other.stdout)).toMatchObject({ schemaVersion: 1, error: { code: "usage", exitCode: 2 } });
    expect(other.stdout).not.toContain(folder);
  });
});

describe("config show", () => {
  it("tells each value and where it came from", async () => {
    const place = join(folder, "config");
    await mkdir(place, { recursive: true });
    const file = join(place, "cluster.toml");
    await writeFile(file, '[[worker_manager]]\ntype = "aws_hpc"\ns3_prefix = "mine"\nmax_concurrent_jobs = 7\n');
    const args = ["config", "show", "--origin", "-mcj=9", "-c", file, "wss://example.com:1/?token=abc"];
    const text = await run(args, { SCALER_JOB_QUEUE: "q" });
    expect(text.code).toBe(0);
    const lines = text.stdout.split("\n");
    expect(lines).toContain("max-concurrent-jobs = 9  # command line");
    expect(lines).toContain("job-queue = q  # SCALER_JOB_QUEUE");
    expect(lines).toContain(`s3-prefix = mine  # ${file} [[worker_manager]]`);
    expect(lines).toContain("backend = batch  # default");
    expect(lines).toContain("scheduler-address = wss://example.com:1/?***  # command line");
    const json = JSON.parse((await run([...args, "--json"])).stdout) as object;
    expect(json).toMatchObject({
      schemaVersion: 1,
      options: { "max-concurrent-jobs": { value: 9, origin: { kind: "flag" } } },
    });
  });

  it("reads the environment file that the original's provisioner writes", async () => {
    const written = {
      SCALER_AWS_REGION: "eu-west-1",
      SCALER_S3_BUCKET: "bucket",
      SCALER_JOB_QUEUE: "queue",
      SCALER_JOB_DEFINITION: "job",
    };
    const { stdout } = await run(["config", "show", "--origin"], { ...written, AWS_REGION: "us-west-2" });
    const lines = stdout.split("\n");
    expect(lines).toContain("aws-region = eu-west-1  # SCALER_AWS_REGION");
    expect(lines).toContain("s3-bucket = bucket  # SCALER_S3_BUCKET");
    expect(lines).toContain("job-queue = queue  # SCALER_JOB_QUEUE");
    expect(lines).toContain("job-definition = job  # SCALER_JOB_DEFINITION");
  });

  it("leaves with 0 when its reader has seen enough", async () => {
    const script = '{ "$NODE" "$PROGRAM" config show --origin; echo "code $?" >&2; } | head -3';
    const ran = await runScript(script);
    expect(ran.stdout.split("\n")).toHaveLength(4);
    expect(ran.stderr).toBe("code 0\n");
  });

  it("says in one line that there is no room for what it prints", async ({ skip }) => {
    if (!existsSync("/dev/full")) skip("this machine has no /dev/full");
    const ran = await runScript('"$NODE" "$PROGRAM" config show >/dev/full');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/^scaler-aws-hpc: \[failure\] stdout cannot be written, .*ENOSPC.*\n$/);
  });

  it("checks profiles against what the backend takes", async () => {
    const file = join(folder, "profiles.toml");
    const profile = '[aws_hpc_worker_manager]\n[[profile]]\nname = "gpu"\nslots = 2\ncapabilities = "gpu"\nvcpu = 4\n';
    await writeFile(file, profile);
    expect((await run(["config", "show", "-c", file])).stdout).toContain("profile gpu: 2 slots gpu, vcpu 4\n");
    await writeFile(file, profile.replace("vcpu", "vcpus"));
    const refused = await run(["config", "show", "-c", file]);
    expect(refused.code).toBe(78);
    expect(refused.stderr).toContain('profile "gpu": unknown key "vcpus"; did you mean vcpu?');
    expect((await run(["config", "show", "-b", "local", "-c", file])).stderr).toContain(
      "backend local takes no settings",
    );
  });

  it("finds the user's own file", async () => {
    const config = join(folder, "xdg");
    await mkdir(join(config, "scaler-aws-hpc"), { recursive: true });
    await writeFile(join(config, "scaler-aws-hpc", "config.toml"), '[aws_hpc_worker_manager]\nbackend = "local"\n');
    const ran = await run(["config", "show"], { XDG_CONFIG_HOME: config });
    expect(ran.stdout).toContain("backend = local\n");
  });
});

describe("start without a scheduler", () => {
  const local = ["start", "--backend", "local", "-mcj", "1"];

  /** A manager that has said what it is connecting to. */
  async function started(): Promise<{ readonly child: ChildProcess; readonly ended: Promise<Ran> }> {
    const child = spawn(process.execPath, [PROGRAM, ...local, "--json", nobody], { cwd: folder, env });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk;
    });
    const trying = Promise.withResolvers<void>();
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      stderr += chunk;
      if (/"level":"warn"/.test(stderr)) trying.resolve();
    });
    const ended = once(child, "close").then(([code]) => ({ code: code as unknown, stdout, stderr }));
    await Promise.race([trying.promise, ended]);
    return { child, ended };
  }

  it("gives up after --connect-timeout", async () => {
    const ran = await run([...local, "--connect-timeout", "500ms", nobody]);
    expect(ran.code).toBe(69);
    expect(ran.stderr).toContain("[unavailable] no connection to the scheduler within");
  });

  it("bears a log file that cannot be written", async ({ skip }) => {
    if (!existsSync("/dev/full")) skip("this machine has no /dev/full");
    const ran = await run([...local, "-lp", "/dev/full", "--connect-timeout", "500ms", nobody]);
    expect(ran.code).toBe(69);
    expect(ran.stderr).toMatch(/^warning: --logging-paths \/dev\/full: ENOSPC/m);
    expect(ran.stderr).toContain("[unavailable] no connection to the scheduler within");
  });

  it.each([
    ["nobody reads what it says", [], "2>&1"],
    ["nobody reads its log", ["-lp", "/dev/stdout", "/dev/stderr", "--"], ""],
  ] as const)("goes on when %s", async (_what, more, redirected) => {
    const command = [...local, "--connect-timeout", "1500ms", ...more, nobody].join(" ");
    const script = `{ "$NODE" "$PROGRAM" ${command} ${redirected}; echo "code $?" >&3; } 3>&2 | head -1`;
    const startMs = performance.now();
    const ran = await runScript(script);
    expect(ran.stdout).toContain('"msg":"starting"');
    expect(ran.stderr).toContain("code 69\n");
    expect(performance.now() - startMs).toBeGreaterThan(1_500);
  });

  it.each([
    ["SIGTERM", 0],
    ["SIGINT", 130],
  ] as const)("says so, keeps trying, and ends by %s with %i", async (signal, code) => {
    const { child, ended } = await started();
    expect(child.exitCode).toBeNull();
    child.kill(signal);
    const ran = await ended;
    expect(ran.code).toBe(code);
    expect(ran.stderr).toContain(nobody.slice("tcp://".length));
    expect(JSON.parse(ran.stdout)).toMatchObject({ schemaVersion: 1, signal, exitCode: code, tasks: { received: 0 } });
    for (const line of ran.stderr.trim().split("\n"))
      expect(JSON.parse(line)).toMatchObject({ msg: expect.any(String) });
  });
});

// Measured on a quiet machine: 110 to 240 ms. The bound is for one that is busy with other tests: it finds a start that became slow by itself.
it("shows help at once", async () => {
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const startMs = performance.now();
    await run(["--help"]);
    times.push(performance.now() - startMs);
  }
  expect(Math.min(...times)).toBeLessThan(2_000);
});
