import type { Reporter, SerializedError, TestModule } from "vitest/node";

/**
 * Prints, as the very last line, `N passed, N failed, N skipped`, and before it why each skipped test was skipped.
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
    const lines: string[] = [];
    for (const module of modules) {
      failed += module.errors().length;
      for (const suite of module.children.allSuites()) failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed") passed += 1;
        else if (result.state === "failed") failed += 1;
        else {
          skipped += 1;
          const note = result.state === "skipped" ? result.note : "never ran";
          lines.push(`skipped: ${module.relativeModuleId} > ${test.fullName}: ${note ?? "no reason given"}`);
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
