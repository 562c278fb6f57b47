import { describe, expect, it } from "vitest";
import { VARIANTS } from "../../test-support/variants.ts";
import { baseTemplate } from "./base-template.ts";
import { computeTemplate } from "./compute-template.ts";
import { bucketPolicy } from "./policies/bucket-policy.ts";
import { executionPolicy } from "./policies/execution-policy.ts";
import { instancePolicy } from "./policies/instance-policy.ts";
import { jobPolicy } from "./policies/job-policy.ts";
import { keyPolicyStatement } from "./policies/key-policy.ts";
import { managerPolicy } from "./policies/manager-policy.ts";
import { provisionerPolicies } from "./policies/provisioner-policies.ts";
import { machineTrust, taskTrust } from "./policies/trust-policies.ts";
import { templateText } from "./template.ts";

// `npx vitest run --project unit packages/provision -u` writes them anew: read the difference before it is committed.
const file = (name: string): string => `../../test-support/golden/${name}.golden`;

describe("templates", () => {
  for (const [name, settings] of VARIANTS) {
    it(`of the variant ${name} are what was reviewed`, async () => {
      await expect(templateText(baseTemplate(settings))).toMatchFileSnapshot(file(`${name}.base`));
      await expect(templateText(computeTemplate(settings))).toMatchFileSnapshot(file(`${name}.compute`));
    });
  }
});

describe("policies", () => {
  const policies = { bucketPolicy, executionPolicy, instancePolicy, jobPolicy, machineTrust, managerPolicy, taskTrust };
  for (const variant of ["default", "gpu", "node", "kms"]) {
    it(`of the variant ${variant} are what was reviewed`, async () => {
      const settings = VARIANTS.get(variant);
      if (settings === undefined) throw new Error(`no variant ${variant}`);
      const documents = Object.entries(policies).map(([name, make]) => [name, make(settings)] as const);
      const provisioner = Object.entries(provisionerPolicies(settings));
      for (const [name, document] of [
        ...documents,
        ...provisioner.map(([part, document]) => [`provisioner-${part}`, document] as const),
      ]) {
        await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot(file(`${variant}.${name}`));
      }
    });
  }

  it("of a key say what they must", async () => {
    const kms = VARIANTS.get("kms");
    const text = `${JSON.stringify(kms && keyPolicyStatement(kms), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(file("kms.keyPolicyStatement"));
  });
});
