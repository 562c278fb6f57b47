import { lstat, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "smol-toml";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { COMMON } from "../../test-support/variants.ts";
import { type ProvisionChoices, provisionSettings } from "../settings/index.ts";
import { checkFiles, type FileWishes, type WrittenFiles, writeFiles } from "./write-files.ts";

let wishes: { readonly toml: string; readonly json: string; readonly environment: string };
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), "scaler-aws-hpc-files-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  wishes = { toml: join(folder, "a.toml"), json: join(folder, "a.json"), environment: join(folder, "a.env") };
});

const settings = (choices: Partial<ProvisionChoices> = {}) =>
  provisionSettings({ ...COMMON, deployment: "one", ...choices });
const write = async (choices: Partial<ProvisionChoices> = {}, to: Partial<FileWishes> = {}): Promise<WrittenFiles> =>
  await writeFiles(
    settings(choices),
    { compute: [], image: "own:1", environment: "arn:env" },
    { ...wishes, ...to },
    undefined,
  );
const toml = async () => parse(await readFile(wishes.toml, "utf8"))["aws_hpc_worker_manager"];

describe("files of a deployment", () => {
  it("are written again over their own", async () => {
    await write({ node: { image: "own:2" } });
    expect(await toml()).toMatchObject({ job_queue: "one", node_job_definition: "one_node" });
    expect(JSON.parse(await readFile(wishes.json, "utf8"))).toMatchObject({ compute_environment_arn: "arn:env" });
    await write({ architecture: "arm64" });
    expect(await toml()).toMatchObject({ job_queue: "one_arm64" });
    expect(await toml()).not.toHaveProperty("node_job_definition");
  });

  it("are not written over those of another deployment, region or account", async () => {
    await write();
    const before = await readFile(wishes.toml, "utf8");
    await expect(write({ deployment: "two" })).rejects.toThrow(
      /a\.toml: expected the file of deployment two in eu-west-1 of account 123456789012, got job_queue = "one"; it is left alone; .*--toml-file two\.toml/,
    );
    await expect(write({ region: "us-east-1" })).rejects.toThrow(/got aws_region = "eu-west-1"/);
    await expect(write({ accountId: "210987654321" })).rejects.toThrow(/got s3_bucket_owner = "123456789012"/);
    expect(await readFile(wishes.toml, "utf8")).toBe(before);
    const other = join(wishes.toml, "..", "two.toml");
    await expect(write({ deployment: "two" }, { toml: other })).rejects.toThrow(/a\.json: .*got that of "one"/);
  });

  it("are not written over anything else", async () => {
    const check = async (to: Partial<FileWishes>) =>
      await checkFiles(settings(), { toml: wishes.toml, json: undefined, environment: undefined, ...to }, undefined);
    await writeFile(wishes.json, "[aws_hpc_worker_manager]\n");
    await expect(check({ json: wishes.json })).rejects.toThrow(
      /a\.json: expected no file, or the JSON of deployment one, got another file; it is left alone; .*--toml-file/,
    );
    await writeFile(wishes.environment, "# mine\nexport SCALER_X=1\nexport AWS_PROFILE=x\n");
    await expect(check({ environment: wishes.environment })).rejects.toThrow(/a\.env: expected no file.*other lines/);
    await expect(check({ json: join(wishes.toml, "..") })).rejects.toThrow(/got something else of that name/);
    await expect(check({ toml: "" })).rejects.toThrow(/--toml-file, .*: expected the name of a file, got an empty one/);
    await expect(check({ json: wishes.toml })).rejects.toThrow(/expected a file for each/);
  });

  it("tell variables that start would not guess", async () => {
    await write({ prefix: "", node: { image: "own:2" } });
    expect(await readFile(wishes.environment, "utf8")).toMatch(
      /export SCALER_JOB_DEFINITION="one"\nexport SCALER_NODE_JOB_DEFINITION="one_node"\nexport SCALER_AWS_HPC_S3_PREFIX="\/"\n$/,
    );
    await write();
    expect((await readFile(wishes.environment, "utf8")).trim().split("\n")).toHaveLength(4);
  });

  it("hold the profile of GPUs, once and commented out", async () => {
    for (const _ of [1, 2]) await write({ gpu: { maxVcpus: 16 } });
    const text = await readFile(wishes.toml, "utf8");
    expect(parse(text)).not.toHaveProperty("profile");
    expect(parse(text.replaceAll(/^# (?=\[\[profile|[a-z]+ = )/gm, ""))).toMatchObject({
      profile: [{ name: "gpu", slots: 4, capabilities: "gpu", queue: "one_gpu", definition: "one_gpu" }],
    });
  });

  it("are written through a link", async () => {
    const link = join(wishes.toml, "..", "link.toml");
    await writeFile(wishes.toml, "# mine\n");
    await symlink(wishes.toml, link);
    await write({}, { toml: link });
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect(await readFile(wishes.toml, "utf8")).toMatch(/^# mine\n[\s\S]*job_queue = "one"/);
  });

  it.skipIf(process.platform !== "linux")("are refused at once where no folder can be made", async () => {
    await expect(write({}, { toml: "/proc/none/a.toml" })).rejects.toThrow(/^\[config\] \/proc\/none\/a\.toml: /);
  });
});
