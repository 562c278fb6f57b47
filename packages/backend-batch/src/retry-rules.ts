import type { RetryStrategy } from "@aws-sdk/client-batch";

/** Most attempts that Batch makes of one child. */
const MOST_ATTEMPTS = 10;

// In this order; without the last one Batch would repeat whatever no rule speaks of. Texts as Batch and ECS write them: a host or Spot instance of EC2 that went
// away, a Spot task of Fargate, a container that could not be started (image, runtime, network), an agent that lost sight of one. What ran out of memory or time,
// or ended by itself with an error, is not repeated: the engine knows better which of its tasks to try again, and how.
const RULES: RetryStrategy["evaluateOnExit"] = [
  { onStatusReason: "Host EC2*", action: "RETRY" },
  { onStatusReason: "Your Spot Task was interrupted*", action: "RETRY" },
  { onStatusReason: "Task failed to start*", action: "RETRY" },
  { onReason: "CannotInspectContainerError*", action: "RETRY" },
  { onReason: "*", action: "EXIT" },
];

/** Sent with every submit: a definition that somebody else made has none. */
export function retryStrategy(attempts: number): RetryStrategy {
  return { attempts: Math.max(1, Math.min(MOST_ATTEMPTS, Math.trunc(attempts))), evaluateOnExit: RULES };
}
