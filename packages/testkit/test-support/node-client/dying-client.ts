import { Client } from "@scaler-aws-hpc/client";
import { later } from "./tasks.ts";

// Submits what will never end, says so, and waits to be killed.
const client = await Client.connect(process.argv[2] ?? "");
await client.put(new Uint8Array(1024 * 1024));
const handles = Array.from({ length: 20 }, (_, n) => client.submit(later, 600_000, String(n)));
while (handles.some(({ state }) => state === "preparing")) await new Promise((resolve) => setTimeout(resolve, 20));
console.log("submitted");
await Promise.all(handles);
