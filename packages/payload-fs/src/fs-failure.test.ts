import { tmpdir } from "node:os";
import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { expect, it } from "vitest";
import { fromFs } from "./fs-failure.ts";

const system = (code: string): Error => Object.assign(new Error(code), { code, syscall: "write" });

it.each([
  ["ENOSPC", /^\[unavailable\] put k: no room on the device of .* MiB free.*--store-dir/],
  ["EDQUOT", /^\[unavailable\] put k: no room in your quota/],
  ["EACCES", /^\[denied\] put k: EACCES/],
  ["EROFS", /^\[denied\]/],
  ["EFBIG", /^\[too-large\]/],
  ["ENAMETOOLONG", /^\[rejected\]/],
  ["EIO", /^\[unavailable\]/],
  ["ESTALE", /^\[unavailable\]/],
  ["EMFILE", /^\[unavailable\]/],
])("makes of %s an error of the contract", async (code, message) => {
  const cause = system(code);
  const error = await fromFs(cause, "put k", tmpdir());
  expect(String(error instanceof Error && error.message)).toMatch(message);
  expect(error instanceof Error && error.cause).toBe(cause);
});

it("passes on what is no system error", async () => {
  const others = [
    new Error("a stream broke"),
    new AdapterError("corrupt", "x"),
    "a reason",
    undefined,
    new DOMException("aborted", "AbortError"),
  ];
  for (const reason of others) expect(await fromFs(reason, "put k", tmpdir())).toBe(reason);
});
