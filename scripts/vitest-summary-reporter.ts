import type { Reporter, SerializedError, TestModule } from "vitest/node";

/**
 * Prints, as the very last line, `N passed, N failed, N skipped`, and before it the files that took longest, why each
 * skipped test was skipped, and each failed test with the first line of its error.
 *
 * A file that does not load and an error outside any test count as failures. With CI=true a skipped test is a failure too:
 * a desk may lack something, the machine that decides must not.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const skippedFails = process.env.CI === "true";
    let passed = 0;
    let failed = unhandled.length;
    let skipped = 0;
    const lines = slowest(modules);
    const fail = (where: string, errors: readonly SerializedError[]) => {
      lines.push(`failed: ${where}: ${errors[0]?.message.split("\n")[0] ?? "no error given"}`);
    };
    for (const error of unhandled) fail("outside any test", [error]);
    for (const module of modules) {
      const file = module.relativeModuleId;
      for (const suite of [module, ...module.children.allSuites()]) {
        const errors = suite.errors();
        failed += errors.length;
        if (errors.length > 0) fail(suite.type === "suite" ? `${file} > ${suite.fullName}` : file, errors);
      }
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed") passed += 1;
        else if (result.state === "failed") {
          failed += 1;
          fail(`${file} > ${test.fullName}`, result.errors);
        } else {
          skipped += 1;
          const note = result.state === "skipped" ? result.note : "never ran";
          lines.push(`skipped: ${file} > ${test.fullName}: ${note ?? "no reason given"}`);
        }
      }
    }
    if (skippedFails) failed += skipped;
    if (passed + failed === 0) failed = 1;
    if (skippedFails && skipped > 0) lines.push(`CI=true: ${skipped} skipped tests count as failed`);
    lines.push(`${passed} passed, ${failed} failed, ${skippedFails ? 0 : skipped} skipped`);
    // The default reporter writes its own summary after this hook: wait until nothing else can be printed.
    process.once("exit", () => {
      process.stdout.write(`${lines.join("\n")}\n`);
      if (failed > 0) process.exitCode = 1;
    });
  }
}

/** The files to look at first when the tests take too long. */
function slowest(modules: readonly TestModule[]): string[] {
  return modules
    .map((module) => ({ file: module.relativeModuleId, ms: module.diagnostic().duration }))
    .filter(({ ms }) => ms >= 10_000)
    .sort((a, b) => b.ms - a.ms)
    .map(({ file, ms }) => `${(ms / 1_000).toFixed(0).padStart(4)} s  ${file}`);
}
