import { describe, expect, it } from "vitest";
import { provisionSettings } from "../settings/index.ts";
import { costCeiling, costLines } from "./cost.ts";

const account = { region: "eu-west-1", accountId: "123456789012" };

describe("the cost ceiling", () => {
  it("counts both environments of spot-first at the dearest family's On-Demand price", () => {
    const { perHour, lines } = costCeiling(
      provisionSettings({ ...account, maxVcpus: 100, instanceTypes: ["default_x86_64"] }),
    );
    expect(lines).toEqual([
      { what: "SPOT default_x86_64", vcpus: 100, perVcpuHour: 0.063 },
      { what: "EC2 default_x86_64", vcpus: 100, perVcpuHour: 0.063 },
    ]);
    expect(perHour).toBe(12.6);
  });

  it("counts memory on Fargate, and GPUs by their own limit", () => {
    const fargate = provisionSettings({ ...account, compute: "fargate", purchase: "on-demand", maxVcpus: 10 });
    expect(costCeiling(fargate).perHour).toBe(Math.round(10 * (0.04048 + 2 * 0.004445) * 100) / 100);
    const gpu = provisionSettings({ ...account, purchase: "spot", gpu: { instanceTypes: ["g5.xlarge"], maxVcpus: 8 } });
    expect(costCeiling(gpu).lines[1]).toMatchObject({ vcpus: 8, perVcpuHour: 0.2515 });
  });

  it("says where prices are from and how old they are, and that it does not know what it does not know", () => {
    const settings = provisionSettings({ ...account, instanceTypes: ["x2iedn"] });
    const text = costLines(costCeiling(settings)).join("\n");
    expect(costCeiling(settings).perHour).toBeUndefined();
    expect(text).toMatch(/not known/);
    expect(text).toMatch(/an estimate/);
    expect(text).toMatch(/us-east-1, 20\d\d-\d\d: https:/);
  });
});
