import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { describe, expect, it } from "vitest";
import { VARIANTS } from "../../test-support/variants.ts";
import { plannedEnvironments } from "../templates/compute/environments.ts";
import { plannedQuotas } from "./planned-quotas.ts";
import { quotaFindings } from "./quota-findings.ts";
import { quotasOf, VCPU_QUOTAS } from "./vcpu-quotas.ts";

const SPOT = "L-34B43A08";
const ON_DEMAND = "L-1216C47A";
const spot = { type: "SPOT", maxVcpus: 256, instanceTypes: ["optimal"] };
const onDemand = { ...spot, type: "EC2" };
const job = { name: "jobs", vcpus: 2 };

const account = (values: Readonly<Record<string, number>>) => ({
  region: "eu-west-1",
  vcpuQuotas: async () => new Map(Object.entries(values)),
});
const refusing = (code: "denied" | "unavailable") => ({
  region: "eu-west-1",
  vcpuQuotas: async (): Promise<never> => {
    throw new AdapterError(code, "quota of Spot: no");
  },
});
const told = async (...given: Parameters<typeof quotaFindings>): Promise<readonly string[]> =>
  (await quotaFindings(...given)).map(({ level, text, fix = "" }) => `${level} ${text}; ${fix}`);

describe("the quota of machines", () => {
  it.each([
    ["EC2", ["optimal", "default_arm64", "c7i", "m5.large", "im4gn.large", "is4gen", "hpc6a"], [ON_DEMAND], ["hpc6a"]],
    ["SPOT", ["r7g", "z1d", "g5", "gr6", "p4d", "trn1", "inf2", "mac1", "u-6tb1"], [SPOT, "L-3819A6DF", "L-7212CCBC"]],
    ["EC2", ["g4dn.xlarge", "p5", "vt1", "x2gd"], ["L-DB2E81BA", "L-417A185B", "L-7295265B"], []],
    ["SPOT", ["x1e"], ["L-E3A00192"], []],
    ["FARGATE", [], ["L-3032A538"], []],
    ["FARGATE_SPOT", [], ["L-36FBB829"], []],
  ])("%s %s", (type, instanceTypes, codes, unknown = ["trn1", "inf2", "mac1", "u-6tb1"]) => {
    const found = quotasOf({ type, instanceTypes });
    expect(found.quotas.map(({ code }) => code)).toEqual(codes);
    expect(found.unknown).toEqual(unknown);
  });

  it("is known for all that provision makes, and asked for under its own code", () => {
    const machines = [...VARIANTS.values()].flatMap(plannedEnvironments);
    expect(machines.flatMap((one) => quotasOf(one).unknown)).toEqual([]);
    expect(new Set(VCPU_QUOTAS.map(({ code }) => code)).size).toBe(VCPU_QUOTAS.length);
  });
});

describe("quotas of an account", () => {
  it("are enough", async () => {
    expect(await told(account({ [SPOT]: 256, [ON_DEMAND]: 300 }), [spot, onDemand], [job])).toEqual([
      `ok may grow to 256 of 256 vCPUs of Spot standard instances (${SPOT}), 256 of 300 vCPUs of On-Demand standard instances (${ON_DEMAND}); `,
    ]);
    expect(await told(refusing("denied"), [{ ...spot, maxVcpus: 0 }], [job])).toEqual([
      "ok none: nothing grows here; ",
    ]);
  });

  it("are less than machines may grow to, which share them", async () => {
    expect(
      await told(account({ [ON_DEMAND]: 300 }), [onDemand, { ...onDemand, instanceTypes: ["c7i"] }], [job]),
    ).toEqual([
      `warning may grow to 512 vCPUs, but the account may run 300 of On-Demand standard instances (${ON_DEMAND}); ask for more: aws service-quotas request-service-quota-increase --region eu-west-1 --service-code ec2 --quota-code ${ON_DEMAND} --desired-value 512, or let them grow less`,
    ]);
  });

  it("are less than a single job: a fault, unless others run it", async () => {
    const tight = await told(
      account({ [SPOT]: 0, [ON_DEMAND]: 1 }),
      [spot, onDemand],
      [{ name: "one", vcpus: 1 }, job],
    );
    expect(tight).toEqual([
      expect.stringMatching(
        /^fault a job of jobs takes 2 vCPUs, and the account may run 1 at once, so it never starts; ask for more: aws .*--quota-code L-34B43A08 --desired-value 256$/,
      ),
      expect.stringMatching(/^warning may grow to 256 vCPUs, but the account may run 1 of On-Demand/),
    ]);
    const onFargate = [{ type: "FARGATE", maxVcpus: 4, instanceTypes: [] }];
    expect(await told(account({ "L-3032A538": 0 }), onFargate, [{ name: "one", vcpus: 0.25 }])).toContainEqual(
      expect.stringMatching(/^fault .*--service-code fargate --quota-code L-3032A538/),
    );
  });

  it("are not told, or not known: no fault, for these may be enough", async () => {
    const some = await told(account({ [ON_DEMAND]: 0 }), [spot, { ...onDemand, instanceTypes: ["m5", "trn1"] }], [job]);
    expect(some.map((line) => line.split(",")[0])).toEqual([
      "warning may grow to 256 vCPUs",
      `warning Spot standard instances (${SPOT}): Service Quotas tells no value of this account; look at it in the console under Service Quotas`,
      "warning which quota counts trn1 is not known here; look at it in the console under Service Quotas",
    ]);
  });

  it("cannot be looked at: a warning that names the permission, or why", async () => {
    expect(await told(refusing("denied"), [spot], [job])).toEqual([
      expect.stringMatching(
        /^warning could not be looked at: servicequotas:GetServiceQuota is not allowed; allow servicequotas:GetServiceQuota/,
      ),
    ]);
    expect(await told(refusing("unavailable"), [spot], [job])).toEqual([
      expect.stringMatching(/^warning could not be looked at: quota of Spot: no; look at it in the console/),
    ]);
    const broken = { region: "x", vcpuQuotas: async (): Promise<never> => Promise.reject(new TypeError("bug")) };
    await expect(quotaFindings(broken, [spot], [job])).rejects.toThrow(TypeError);
  });

  it("are asked for each queue of a plan on its own", async () => {
    const settings = VARIANTS.get("gpu");
    if (settings === undefined) throw new Error("no variant gpu");
    const enough = {
      [SPOT]: 9999,
      [ON_DEMAND]: 9999,
      "L-3819A6DF": 0,
      "L-DB2E81BA": 0,
      "L-7212CCBC": 0,
      "L-417A185B": 0,
    };
    const found = await plannedQuotas(account(enough), settings);
    expect(found.map(({ level }) => level).slice(0, 2)).toEqual(["ok", "fault"]);
    expect(found[1]?.text).toMatch(/^a job of this size with GPUs takes \d+ vCPUs, and the account may run 0 at once/);
  });
});
