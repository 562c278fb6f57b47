import { beforeEach, inject } from "vitest";
import type { ContainerBed } from "./bed.ts";

/**
 * The engine and the images of a test file; call it once, outside of tests. Without an engine every test of the file is skipped with the
 * reason (which fails in CI); with one that cannot do what is needed they fail.
 */
export function containerBed(): ContainerBed | undefined {
  const bed = inject("containers");
  if ("failed" in bed) throw new Error(bed.failed);
  if (!("missing" in bed)) return bed;
  beforeEach(({ skip }) => skip(bed.missing));
  return undefined;
}
