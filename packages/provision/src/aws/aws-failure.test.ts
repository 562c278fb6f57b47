import { describe, expect, it, onTestFinished, vi } from "vitest";
import { fromAws } from "./aws-failure.ts";

const thrown = (name: string, message: string, status = 400): Error =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });
const told = (reason: unknown): string => (fromAws(reason, "s3:ListBucket", "bucket b") as Error).message;

describe("an error of AWS", () => {
  it.each([
    [
      thrown("AccessDenied", "is not authorized to perform: iam:PassRole on x", 403),
      /^\[denied\] bucket b: iam:PassRole/,
    ],
    [thrown("403", "UnknownError", 403), /^\[denied\] bucket b: s3:ListBucket is not allowed/],
    [thrown("ExpiredToken", "old"), /^\[denied\] .* have expired; renew/],
    [thrown("CredentialsProviderError", "none", 0), /^\[denied\] .* no AWS credentials were found/],
    [thrown("ThrottlingException", "Rate exceeded"), /^\[throttled\]/],
    [thrown("ValidationError", "Stack:x is in UPDATE_IN_PROGRESS state and can not be updated."), /^\[conflict\]/],
    [thrown("ValidationError", "Stack with id x does not exist"), /^\[missing\]/],
    [thrown("LimitExceededException", "too many stacks"), /^\[rejected\] .* a quota of the account is used up/],
    [thrown("ValidationError", "Template error"), /^\[rejected\]/],
    [Object.assign(new Error(""), { code: "ECONNREFUSED" }), /^\[unavailable\] .* could not be reached/],
    [
      thrown("InternalFailure", "oops", 500),
      /^\[unavailable\] .* HTTP 500; try again later \(InternalFailure: oops\)$/,
    ],
    [
      thrown(
        "SyntaxError",
        "Unexpected token <\n  Deserialization error: to see the raw response, inspect the hidden field {error}.$response on this object.",
        200,
      ),
      /^\[unavailable\] .* HTTP 200, is none of AWS; is there a proxy.* \(SyntaxError: Unexpected token <\)$/,
    ],
  ])("%s is told with what to do", (reason, words) => {
    expect(told(reason)).toMatch(words);
  });

  it("is a wrong setting where the endpoint is no URL", () => {
    vi.stubEnv("AWS_ENDPOINT_URL_STS", "not a url");
    onTestFinished(() => void vi.unstubAllEnvs());
    const reason = Object.assign(new TypeError("Invalid URL"), { code: "ERR_INVALID_URL" });
    expect(told(reason)).toMatch(/^\[config\] bucket b: expected a URL .*; look at .*AWS_ENDPOINT_URL_STS/);
  });

  it("is the reason of the signal after an abort", () => {
    const reason = new Error("Ctrl-C");
    expect(fromAws(new Error("aborted"), "a:B", "x", AbortSignal.abort(reason))).toBe(reason);
  });
});
