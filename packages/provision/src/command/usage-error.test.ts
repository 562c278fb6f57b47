import { Flags, Parser } from "@oclif/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CHOICE_FLAGS } from "./choice-flags.ts";
import { usageError } from "./usage-error.ts";

const flags = {
  "max-vcpus": Flags.integer({ min: 1, env: "MAX_VCPUS" }),
  vcpus: CHOICE_FLAGS.vcpus,
  compute: Flags.option({ options: ["ec2", "fargate"] as const, env: "COMPUTE" })(),
  manager: Flags.boolean({ exclusive: ["python"] }),
  python: Flags.string({}),
  region: Flags.string({ aliases: ["aws-region"] }),
};

async function told(argv: string[], environment: Record<string, string> = {}): Promise<string> {
  vi.unstubAllEnvs();
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const reason = await Parser.parse(argv, { flags, strict: true }).catch((thrown: Error) => thrown);
  if (!(reason instanceof Error)) throw new Error("it was parsed");
  return usageError(reason, flags, argv, environment).message;
}

describe("a wrong command line", () => {
  afterEach(() => vi.unstubAllEnvs());

  it.each([
    [["--max-vcpus", "x"], '--max-vcpus: expected an integer, got "x"'],
    [["--max-vcpus=0"], '--max-vcpus: expected an integer greater than or equal to 1, got "0"'],
    [["--vcpus", "two"], '--vcpus: expected a number above 0, got "two"'],
    [["--vcpus=-1"], '--vcpus: expected a number above 0, got "-1"'],
    [["--vcpus", "0"], '--vcpus: expected a number above 0, got "0"'],
    [["--compute", "x"], '--compute: expected one of: ec2, fargate, got "x"'],
    [["--manager", "--python", "3.12"], "--python=3.12 cannot also be provided when using --manager; see --help"],
    [["extra"], "unexpected argument: extra; see --help"],
    [["--max-vcpu", "1"], "unknown flag --max-vcpu; did you mean --max-vcpus?"],
    [["--aws-regio", "x"], "unknown flag --aws-regio; did you mean --aws-region?"],
  ])("%j is told in one line", async (argv, text) => {
    expect(await told(argv)).toBe(text);
  });

  it("is not blamed for a variable", async () => {
    const next = "correct or unset it, or say";
    expect(await told([], { MAX_VCPUS: "x" })).toBe(
      `[config] MAX_VCPUS: expected an integer, got "x"; ${next} --max-vcpus`,
    );
    expect(await told([], { COMPUTE: "x" })).toBe(
      `[config] COMPUTE: expected one of: ec2, fargate, got "x"; ${next} --compute`,
    );
    expect(await told(["--max-vcpus", "y"], { MAX_VCPUS: "2" })).toMatch(/^--max-vcpus: /);
  });

  it("is no other error", () => {
    const other = new Error("Parsing\nof something");
    expect(usageError(other, flags, [], {})).toBe(other);
  });
});
