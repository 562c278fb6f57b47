import { describe, expect, it } from "vitest";
import { refusesPlainHttp } from "./bucket-policy.ts";
import { clockFinding } from "./clock.ts";
import { sourceText } from "./credentials.ts";

const policy = (change: object = {}): string =>
  JSON.stringify({
    Statement: [
      { Effect: "Allow", Principal: { AWS: "arn:aws:iam::1:root" }, Action: "s3:GetObject" },
      {
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Condition: { Bool: { "aws:SecureTransport": "false" } },
        ...change,
      },
    ],
  });

describe("refusesPlainHttp", () => {
  it.each([
    [policy(), true],
    [policy({ Principal: { AWS: ["*"] }, Action: ["s3:*"] }), true],
    [policy({ Condition: { Bool: { "aws:SecureTransport": [false] } } }), true],
    [policy({ Effect: "Allow" }), false],
    [policy({ Action: "s3:PutObject" }), false],
    [policy({ Principal: { AWS: "arn:aws:iam::1:root" } }), false],
    [policy({ Condition: { Bool: { "aws:SecureTransport": "true" } } }), false],
    [policy({ Condition: undefined }), false],
    ['{"Statement":{"Effect":"Deny"}}', false],
    ["no policy", false],
    ["null", false],
  ])("reads %s", (text, refuses) => {
    expect(refusesPlainHttp(text)).toBe(refuses);
  });
});

describe("clockFinding", () => {
  const date = "Mon, 02 Mar 2026 12:00:00 GMT";
  const now = Date.parse(date);
  it.each([
    [0, "ok", /within 30 s of AWS/],
    [-29_000, "ok", /within/],
    [90_000, "warning", /^90 s ahead of AWS$/],
    [-600_000, "warning", /^600 s behind AWS: AWS refuses such signatures/],
  ])("judges %d ms", (skew, level, text) => {
    expect(clockFinding(date, now + skew)).toMatchObject({ level, text: expect.stringMatching(text) });
  });

  it("says when no time was told", () => {
    expect(clockFinding(undefined, now).level).toBe("warning");
  });
});

describe("sourceText", () => {
  it.each([
    [["CREDENTIALS_ENV_VARS"], "AWS_ACCESS_KEY_ID of the environment"],
    [["CREDENTIALS_PROFILE", "CREDENTIALS_STS_ASSUME_ROLE"], "a role that a profile assumes"],
    [["CREDENTIALS_PROFILE_SSO", "CREDENTIALS_SSO"], "a profile's SSO login"],
    [["CREDENTIALS_ENV_VARS_STS_WEB_ID_TOKEN", "CREDENTIALS_STS_ASSUME_ROLE_WEB_ID"], /web identity/],
    [["CREDENTIALS_IMDS"], "the instance's role"],
    [[], "the SDK's default chain"],
  ])("knows %j", (names, text) => {
    expect(sourceText({ $source: Object.fromEntries(names.map((name) => [name, "x"])) })).toMatch(text);
  });
});
