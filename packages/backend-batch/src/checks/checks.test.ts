import { describe, expect, it } from "vitest";
import type { ComputeEnvironmentDetail, JobDefinition } from "../batch-api.ts";
import { logFinding } from "./log-group.ts";
import { machineFindings } from "./machines.ts";

describe("machineFindings", () => {
  const environment = (name: string, change: object = {}): ComputeEnvironmentDetail =>
    ({
      ...{ computeEnvironmentName: name, state: "ENABLED", status: "VALID", ecsClusterArn: "" },
      computeResources: { type: "SPOT", maxvCpus: 64, subnets: [] },
      ...change,
    }) as unknown as ComputeEnvironmentDetail;
  const texts = (...all: readonly ComputeEnvironmentDetail[]) =>
    machineFindings(all).map(({ level, text }) => `${level} ${text}`);

  it("tells of those that work, and warns of the others", () => {
    expect(
      texts(
        environment("a"),
        environment("b", { state: "DISABLED" }),
        environment("c", { computeResources: undefined }),
      ),
    ).toEqual(["ok a is enabled and valid (SPOT, up to 64 vCPUs); c is enabled and valid", "warning b is disabled"]);
    expect(texts(environment("a", { status: "UPDATING" }))).toEqual([expect.stringMatching(/^ok a/)]);
  });

  it("finds a fault where none works", () => {
    const broken = [
      environment("a", { status: "INVALID", statusReason: "no role" }),
      environment("b", { status: "CREATING" }),
      environment("c", { computeResources: { type: "EC2", maxvCpus: 0, subnets: [] } }),
    ];
    expect(texts(...broken)).toEqual([
      "fault a is INVALID (no role)",
      "fault b is still being made",
      "fault c may have 0 vCPUs at most, so it starts no machine",
    ]);
    expect(texts()).toEqual(["fault there is none"]);
  });
});

describe("logFinding", () => {
  const definition = (logConfiguration?: object): JobDefinition =>
    ({ containerProperties: { ...(logConfiguration && { logConfiguration }) } }) as JobDefinition;
  const mine = { logDriver: "awslogs", options: { "awslogs-group": "/mine" } };
  const told = async (answer: { name: string; message: string } | undefined, config?: object): Promise<string> => {
    const logTail = async (): Promise<readonly string[]> => {
      if (answer === undefined) return [];
      throw Object.assign(new Error(answer.message), { name: answer.name });
    };
    const { level, text } = await logFinding({ logTail }, definition(config));
    return `${level} ${text}`;
  };
  const gone = (what: string) => ({
    name: "ResourceNotFoundException",
    message: `The specified log ${what} does not exist.`,
  });

  it("tells a group that is there from one that is not", async () => {
    expect(await told(gone("stream"), mine)).toBe("ok /mine is there and may be read");
    expect(await told(undefined, mine)).toBe("ok /mine is there and may be read");
    expect(await told(gone("group"), mine)).toBe("fault /mine does not exist, so containers will not start");
    const made = { ...mine, options: { ...mine.options, "awslogs-create-group": "true" } };
    expect(await told(gone("group"), made)).toMatch(/^ok \/mine is made with the first job/);
    expect(await told(gone("group"))).toBe("ok /aws/batch/job is made with the first job");
  });

  it("warns of logs that cannot be read, and passes on what else went wrong", async () => {
    expect(await told({ name: "AccessDeniedException", message: "no" }, mine)).toBe("warning /mine may not be read");
    expect(await told(undefined, { logDriver: "splunk" })).toMatch(/^warning jobs log by splunk/);
    await expect(told({ name: "TimeoutError", message: "slow" }, mine)).rejects.toThrow(
      /^\[unavailable\] reading \/mine/,
    );
  });
});
