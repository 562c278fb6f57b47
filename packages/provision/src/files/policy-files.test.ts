import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { VARIANTS } from "../../test-support/variants.ts";
import { policyFiles } from "./policy-files.ts";

/** Which reviewed document a file has. */
const GOLDEN: Readonly<Record<string, string>> = {
  "policy-provision-storage": "provisioner-storage",
  "policy-provision-roles": "provisioner-roles",
  "policy-provision-compute": "provisioner-compute",
  "policy-start": "managerPolicy",
  "policy-kms-key-statement": "keyPolicyStatement",
};

describe("policies that are written for people", () => {
  it.each(["default", "kms"])("of the variant %s are those that were reviewed", async (variant) => {
    const settings = VARIANTS.get(variant);
    if (settings === undefined) throw new Error(`no variant ${variant}`);
    const files = Object.entries(policyFiles(settings));
    expect(files).toHaveLength(variant === "kms" ? 5 : 4);
    for (const [name, document] of files) {
      const golden = new URL(`../../test-support/golden/${variant}.${GOLDEN[name]}.golden`, import.meta.url);
      expect(document).toEqual(JSON.parse(await readFile(golden, "utf8")));
      // What IAM takes in one managed policy.
      expect(JSON.stringify(document).length).toBeLessThan(6_144);
    }
  });
});
