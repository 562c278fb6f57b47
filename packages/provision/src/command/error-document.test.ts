import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { expect, it } from "vitest";
import { errorDocument } from "./error-document.ts";
import { Interrupted } from "./interrupts.ts";

it.each([
  [new AdapterError("denied", "x"), "denied", 77],
  [new AdapterError("conflict", "x"), "conflict", 78],
  [new AdapterError("rejected", "x"), "rejected", 1],
  [new Interrupted("SIGINT"), "interrupted", 130],
  [new Interrupted("SIGTERM"), "terminated", 143],
  [Object.assign(new Error("x"), { oclif: { exit: 2 } }), "usage", 2],
  [new Error("x"), "failure", 1],
])("tells %s as code and exit code", (reason, code, exitCode) => {
  expect(errorDocument(reason)).toMatchObject({ schemaVersion: 1, error: { code, exitCode } });
  expect(errorDocument(reason).error.message).not.toMatch(/^\[/);
});
