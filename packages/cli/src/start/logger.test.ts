import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openLog } from "./logger.ts";
import type { OutputMode } from "./output-mode.ts";

const FULL = "/dev/full";
const modeOf = (paths: readonly string[]): OutputMode => ({
  ...{ level: "info", live: false, pretty: false, colour: false },
  paths,
});

describe("openLog", () => {
  it("writes each line as it is logged, to every path", async () => {
    const folder = await mkdtemp(join(tmpdir(), "scaler-aws-hpc-log-"));
    try {
      const said: string[] = [];
      const path = join(folder, "below", "log");
      const log = await openLog(modeOf([path, "-"]), "batch", (text) => said.push(text));
      log.info("ended", { done: 3 });
      log.debug("not at this level");
      expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ name: "batch", msg: "ended", done: 3 });
      expect(said.map((line) => JSON.parse(line) as object)).toMatchObject([{ level: "info", msg: "ended" }]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("says once that a file cannot be written, leaves it, and goes on with the others", async ({ skip }) => {
    if (!existsSync(FULL)) skip(`this machine has no ${FULL}`);
    const said: string[] = [];
    const log = await openLog(modeOf([FULL, "/dev/stderr"]), "batch", (text) => said.push(text));
    log.info("first");
    log.info("second");
    const warnings = said.filter((text) => text.startsWith("warning: "));
    expect(warnings).toEqual([
      expect.stringMatching(/^warning: --logging-paths \/dev\/full: ENOSPC.*; no more is logged there\n$/),
    ]);
    expect(said.filter((text) => text.startsWith("{"))).toHaveLength(2);
  });
});
