import { describe, expect, it } from "vitest";
import { readProfiles } from "./profiles.ts";

const read = (profiles: unknown) => readProfiles([{ path: "f", table: "[t]", entries: { profiles } }]);

describe("readProfiles", () => {
  it("takes slots and capabilities, and leaves the rest to the backend", () => {
    expect(read({ gpu: { max_concurrent_jobs: 4, per_worker_capabilities: "gpu=1", job_queue: "q" } })).toEqual([
      { name: "gpu", slots: 4, capabilities: { gpu: 1 }, settings: { "job-queue": "q" } },
    ]);
    expect(readProfiles([])).toEqual([]);
  });

  it.each([
    [[], /expected profiles to be a table of tables/],
    [{ default: { max_concurrent_jobs: 1 } }, /expected a name .* other than "default"/],
    [{ gpu: 3 }, /profiles\.gpu: expected a table/],
    [{ gpu: {} }, /profiles\.gpu: expected a whole number/],
  ])("refuses %j", (profiles, message) => {
    expect(() => read(profiles)).toThrow(message);
  });
});
