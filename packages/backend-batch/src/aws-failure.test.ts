import { describe, expect, it } from "vitest";
import { fromAws } from "./aws-failure.ts";

const thrown = (name: string, message: string, status: number): Error =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });
const told = (reason: unknown): string => (fromAws(reason, "batch:ListJobs", "listing jobs of q") as Error).message;

describe("an error of AWS", () => {
  it("is told on one line, without words for whoever debugs the SDK", () => {
    const hint =
      "Deserialization error: to see the raw response, inspect the hidden field {error}.$response on this object.";
    expect(told(thrown("SyntaxError", `Unexpected token <\n  ${hint}`, 400))).toBe(
      "[rejected] listing jobs of q: SyntaxError: Unexpected token <",
    );
  });

  it("has the status of a service that failed", () => {
    expect(told(thrown("ServerException", "oops", 503))).toBe(
      "[unavailable] listing jobs of q: AWS answered with HTTP 503; try again later (ServerException: oops)",
    );
    expect(told(thrown("TimeoutError", "no answer", 0))).toBe(
      "[unavailable] listing jobs of q: TimeoutError: no answer",
    );
  });
});
