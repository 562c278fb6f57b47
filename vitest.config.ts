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
          fileParallelism: false,
          maxConcurrency: 3,
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
