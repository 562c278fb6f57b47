import type { LifecycleRule } from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { lifecycleFindings } from "./lifecycle.ts";

const rule = (prefix: string, more: Partial<LifecycleRule> = { Expiration: { Days: 8 } }): LifecycleRule => ({
  Status: "Enabled",
  Filter: { Prefix: prefix },
  ...more,
});
const parts = rule("p/", { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } });
const good = [rule("p/v1/in/"), rule("p/v1/out/"), parts];
const texts = (rules: readonly LifecycleRule[], prefix = "p") =>
  lifecycleFindings(rules, prefix).map(({ level, text }) => `${level} ${text}`);

describe("lifecycleFindings", () => {
  it("takes the rules of the documentation, with and without a prefix", () => {
    expect(texts(good)).toEqual(["ok expires after 8 days"]);
    const plain = [
      rule("v1/in/"),
      rule("v1/out/"),
      rule("", { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }),
    ];
    expect(texts(plain, "")).toEqual(["ok expires after 8 days"]);
    // The old way to write a prefix.
    expect(texts(good.map(({ Filter, ...rest }) => ({ ...rest, Prefix: Filter?.Prefix })))).toEqual([
      "ok expires after 8 days",
    ]);
  });

  it("takes one long rule for everything, as `provision` makes it", () => {
    const all = rule("p/", { Expiration: { Days: 14 }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 14 } });
    expect(texts([all])).toEqual(["ok expires after 14 days"]);
  });

  it("names what is never removed", () => {
    expect(texts([])).toEqual([
      "warning nothing removes what is left over in p/v1/in/",
      "warning nothing removes what is left over in p/v1/out/",
      "warning unfinished multipart uploads stay, and cost, for ever",
    ]);
    const off = good.map((one) => ({ ...one, Status: "Disabled" as const }));
    expect(texts(off)).toHaveLength(3);
    // Rules for some objects only.
    expect(
      texts([
        ...good.slice(1),
        rule("p/v1/in/", { Expiration: { Days: 8 }, Filter: { And: { Prefix: "p/v1/in/" } } }),
      ])[0],
    ).toMatch(/nothing removes .* p\/v1\/in\//);
  });

  it("names what goes too early, and leases that go at all", () => {
    expect(texts([rule("p/", { Expiration: { Days: 1 } }), parts])).toEqual([
      expect.stringMatching(/^warning p\/v1\/in\/ expires after 1 day:/),
      expect.stringMatching(/^warning p\/v1\/out\/ expires after 1 day:/),
      expect.stringMatching(/^warning p\/v1\/managers\/ expires too, after 1 day:/),
    ]);
    expect(texts([...good, rule("p/v1/out/", { Expiration: { Days: 3 } })])).toEqual([
      expect.stringMatching(/^warning p\/v1\/out\/ expires after 3 days:/),
    ]);
  });
});
