import { defineConfig } from "vitest/config";

const source = ["@scaler-aws-hpc/source"];

export default defineConfig({
  resolve: { conditions: source },
  ssr: { resolve: { conditions: source } },
  test: {
    // The one file that is not run from its sources.
    globalSetup: "./packages/runner-node/scripts/bundle.mjs",
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts"],
          exclude: [
            "**/*.conformance.test.ts",
            "**/*.smoke.test.ts",
            "**/*.integration.test.ts",
            "**/*.timing.test.ts",
            "**/*.container.test.ts",
          ],
        },
      },
      { extends: true, test: { name: "conformance", include: ["packages/*/src/**/*.conformance.test.ts"] } },
      {
        extends: true,
        test: {
          name: "smoke",
          include: ["packages/*/src/**/*.smoke.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: ["packages/*/src/**/*.integration.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          // Most of the time they wait. More at once than this, and processes of one keep those of another from answering in time.
          maxWorkers: 3,
          maxConcurrency: 3,
          // The small ones first, whose failures are the easiest to read.
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          // What is compared with a clock: alone, when all the others are over.
          name: "timing",
          include: ["packages/*/src/**/*.timing.test.ts"],
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: "containers",
          include: ["packages/*/src/**/*.container.test.ts"],
          globalSetup: ["packages/testkit/test-support/containers/global-setup.ts"],
          testTimeout: 120_000,
          hookTimeout: 400_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
