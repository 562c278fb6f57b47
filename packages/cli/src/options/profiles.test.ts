import { describe, expect, it } from "vitest";
import { parseConfigFile } from "./config-file.ts";
import { checkProfileSettings, readProfiles } from "./profiles.ts";

const read = (entries: Record<string, unknown>) => readProfiles([{ path: "f", table: "[t]", entries }]);
const gpu = { name: "gpu", slots: 4, ahead: 0, capabilities: { gpu: 1 }, settings: { queue: "q", memory: 8_192 } };

describe("readProfiles", () => {
  it("takes slots and capabilities, and leaves the rest to the backend", () => {
    const table = { max_concurrent_jobs: 4, per_worker_capabilities: "gpu=1", queue: "q", memory: 8_192 };
    expect(read({ profiles: { gpu: table } })).toEqual([gpu]);
    expect(read({ profile: [{ name: "gpu", slots: 4, capabilities: "gpu=1", queue: "q", memory: 8_192 }] })).toEqual([
      gpu,
    ]);
    expect(readProfiles([])).toEqual([]);
  });

  it("finds [[profile]] at the top of a file, beside the manager's table", () => {
    const text =
      '[aws_hpc_worker_manager]\nbackend = "batch"\n[[profile]]\nname = "gpu"\nslots = 4\ncapabilities = { gpu = 1 }\nqueue = "q"\nmemory = 8192\n';
    expect(readProfiles([parseConfigFile("f", text)])).toEqual([gpu]);
    expect(() => parseConfigFile("f", `${text}[[aws_hpc_worker_manager.profile]]\nname = "a"\n`)).toThrow(
      /got both; keep one$/,
    );
  });

  it.each([
    [{ profiles: [] }, /expected profiles to be a table of tables/],
    [{ profiles: { default: { slots: 1 } } }, /expected a name .* other than "default"/],
    [{ profiles: { gpu: 3 } }, /profiles\.gpu: expected a table/],
    [{ profiles: { gpu: {} } }, /profiles\.gpu: expected slots = 4, for instance \(how many children .*, got none$/],
    [{ profile: [{ name: "gpu" }] }, /^\[config\] f \[\[profile\]\] 1 "gpu": expected slots = 4/],
    [{ profiles: { gpu: { slots: "x" } } }, /profiles\.gpu slots: expected a whole number/],
    [{ profile: {} }, /expected \[\[profile\]\] with a name/],
    [{ profile: [{ slots: 1 }] }, /\[\[profile\]\] 1: expected a name such as name = "gpu", got none/],
    [{ profile: [{ name: "a", slots: 1, "max-concurrent-jobs": 1 }] }, /slots and max-concurrent-jobs mean the same/],
    [
      {
        profile: [
          { name: "a", slots: 1 },
          { name: "a", slots: 1 },
        ],
      },
      /profile "a" is there twice/,
    ],
  ])("refuses %j", (entries, message) => {
    expect(() => read(entries)).toThrow(message);
  });
});

describe("checkProfileSettings", () => {
  const batch = { name: "batch", profileSettings: [{ name: "vcpu", type: "integer", summary: "" } as const] };
  const profile = (settings: object) => [{ name: "gpu", slots: 1, capabilities: {}, settings: { ...settings } }];

  it("refuses what the backend does not take, with a guess", () => {
    expect(() => checkProfileSettings(profile({ vcpu: 1 }), batch)).not.toThrow();
    expect(() => checkProfileSettings(profile({ vcpus: 1 }), batch)).toThrow(
      '[config] profile "gpu": unknown key "vcpus"; did you mean vcpu?',
    );
    expect(() => checkProfileSettings(profile({ slot: 1 }), batch)).toThrow("did you mean slots?");
    expect(() => checkProfileSettings(profile({ zzz: 1 }), batch)).toThrow(
      'unknown key "zzz"; backend batch takes vcpu',
    );
    expect(() => checkProfileSettings(profile({ zzz: 1 }), { name: "other" })).not.toThrow();
  });
});
