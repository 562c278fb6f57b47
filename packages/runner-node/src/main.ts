import { isMainThread } from "node:worker_threads";
import { startExecutor } from "./executor/start-executor.ts";
import { startSupervisor } from "./supervisor/start-supervisor.ts";

// The one program of both threads. `__filename` is what the bundle calls itself.
if (isMainThread) startSupervisor(__filename, process.argv.slice(2));
else startExecutor();
