import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { serviceProgram } from "../../test-support/service-program.ts";
import { VARIANTS } from "../../test-support/variants.ts";
import { baseTemplate } from "./base-template.ts";
import { computeTemplate } from "./compute-template.ts";
import { type Template, templateText } from "./template.ts";

const linter = serviceProgram("cfn-lint", "cfn-lint");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cfn-lint-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** What cfn-lint finds in templates, warnings and hints too; nothing when all is well. */
async function lint(region: string, templates: Readonly<Record<string, Template>>): Promise<string> {
  if ("reason" in linter) throw new Error(linter.reason);
  const files = await Promise.all(
    Object.entries(templates).map(async ([name, template]) => {
      const file = join(folder, `${region}-${name}.json`);
      await writeFile(file, templateText(template));
      return file;
    }),
  );
  const options = ["--include-checks", "I", "--format", "parseable", "--regions", region];
  try {
    return (await promisify(execFile)(linter.file, [...options, "--", ...files])).stdout;
  } catch (reason) {
    const { stdout = "", stderr = "" } = reason as { stdout?: string; stderr?: string };
    return stdout + stderr || String(reason);
  }
}

it("finds nothing to say against either template of any variant", async ({ skip }) => {
  if ("reason" in linter) skip(linter.reason);
  for (const region of new Set([...VARIANTS.values()].map((one) => one.region))) {
    const templates = [...VARIANTS].filter(([, settings]) => settings.region === region);
    const found = await lint(
      region,
      Object.fromEntries(
        templates.flatMap(([name, settings]) => [
          [`${name}.base`, baseTemplate(settings)],
          [`${name}.compute`, computeTemplate(settings)],
        ]),
      ),
    );
    expect(found).toBe("");
  }
});

it("sees what is wrong", async ({ skip }) => {
  if ("reason" in linter) skip(linter.reason);
  const bad: Template = {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: "wrong",
    Resources: { Bucket: { Type: "AWS::S3::Bucket", Properties: { BucketNam: "x" } } },
  };
  expect(await lint("eu-west-1", { bad })).toContain("BucketNam");
});
