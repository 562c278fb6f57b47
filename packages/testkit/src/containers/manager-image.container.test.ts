import { describe, expect, it } from "vitest";
import { HARDENED, runContainer, sizeOf } from "../../test-support/containers/run-container.ts";
import { containerBed } from "../../test-support/containers/with-bed.ts";
import { startBatchEmulator } from "../batch-emulator/index.ts";

const bed = containerBed();
const image = bed?.images.manager ?? "";

describe("the manager's image, with a read-only file system and without capabilities", () => {
  it("answers --version, and not as root", async () => {
    const begun = performance.now();
    const { code, output } = await runContainer(bed, [...HARDENED, image, "--version"]);
    console.log(
      `manager image: ${await sizeOf(bed, image)} MB, --version in ${Math.round(performance.now() - begun)} ms`,
    );
    expect(output).toMatch(/^scaler-aws-hpc\/\d+\.\d+\.\d+ linux-\S+ node-v2\d/);
    expect(code).toBe(0);
    const who = await runContainer(bed, [...HARDENED, "--entrypoint", "/usr/bin/id", image]);
    expect(who.output).toMatch(/^uid=10001\b.* gid=10001\b/);
  });

  it("ends with 78 and a reason when `start` is configured wrong", async () => {
    const settings = ["-q", "queue", "-d", "definition", "--s3-bucket", "B", "tcp://127.0.0.1:9"];
    const { code, output } = await runContainer(bed, [...HARDENED, image, "start", ...settings]);
    expect(output).toContain("[config] s3-bucket: expected the name of a bucket");
    expect(code).toBe(78);
  });

  it("has neither npm nor sources in it", async () => {
    const script =
      "command -v npm pip python3; find /opt/scaler-aws-hpc \\( -name '*.d.ts' -o -name '*.map' \\) | head -3";
    const { output } = await runContainer(bed, [...HARDENED, "--entrypoint", "/bin/sh", image, "-c", script]);
    // The base of a machine that reaches no registry has a Python.
    expect(output.replace("/usr/bin/python3\n", "")).toBe("");
  });

  it("hears SIGTERM as process 1, and leaves before an engine would kill it", async () => {
    await using aws = await startBatchEmulator({ runner: { mode: "process", argv: ["false"] } });
    const env = Object.entries(aws.env).map(([name, value]) => `--env=${name}=${value}`);
    const args = ["run", "--detach", ...HARDENED, "--network=host", ...env, image];
    const settings = ["start", "-q", "emulator-queue", "-d", "emulator-job", "--s3-bucket", "emulator-bucket"];
    settings.push("--connect-timeout=60s", "tcp://127.0.0.1:9");
    const { output } = await runContainer(bed, [...args, ...settings], []);
    const id = output.trim();
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    try {
      await expect
        .poll(() => runContainer(bed, ["logs", id], []), { timeout: 20_000 })
        .toMatchObject({
          output: expect.stringContaining("emulator-bucket-batch-"),
        });
      await runContainer(bed, ["stop", "--time=20", id], []);
      const { output: code } = await runContainer(bed, ["inspect", "--format={{.State.ExitCode}}", id], []);
      const { output: logs } = await runContainer(bed, ["logs", id], []);
      expect(Number(code), logs).not.toBe(137);
    } finally {
      await runContainer(bed, ["rm", "--force", id], []);
    }
  });
});
