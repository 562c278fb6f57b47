import { LocalBench } from "./local-bench.ts";

// Stands for a manager that is killed in mid-job: no disposal, no handler.
const bench = await LocalBench.open();
await bench.run([["sleepers", process.argv[2] ?? ""]]);
