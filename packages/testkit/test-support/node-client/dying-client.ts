import { Client } from "@scaler-aws-hpc/client";
import { later } from "./tasks.ts";

// Submits what will never end, or only after some milliseconds, says so, and waits to be killed.
const [address = "", ms = "600000"] = process.argv.slice(2);
const client = await Client.connect(address);
await client.put(new Uint8Array(1024 * 1024));
const handles = Array.from({ length: 20 }, (_, n) => client.submit(later, Number(ms), String(n)));
while (handles.some(({ state }) => state === "preparing")) await new Promise((resolve) => setTimeout(resolve, 20));
console.log("submitted");
await Promise.all(handles);
