import type { Backend } from "@scaler-aws-hpc/adapter-core";
import { expect, it } from "vitest";
import { withoutInline } from "./no-inline.ts";

it("changes one trait and nothing else", async () => {
  class Fake {
    readonly traits = { inlineBytes: 4_096, maxChildren: 3 };
    readonly #found = [{ name: "a", children: 1 }];
    async list(): Promise<readonly object[]> {
      return this.#found;
    }
  }
  const backend = withoutInline(new Fake() as unknown as Backend);
  expect(backend.traits).toEqual({ inlineBytes: 0, maxChildren: 3 });
  expect(await backend.list()).toEqual([{ name: "a", children: 1 }]);
  expect(backend.adopt).toBeUndefined();
});
