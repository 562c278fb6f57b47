import { AdapterError, type Finding, ok, warning } from "@scaler-aws-hpc/adapter-core";

/** A signature that is further from the service's time is refused by AWS; the SDK learns the difference and signs again. */
const REFUSED_MS = 5 * 60_000;
/** Where leases and logs of several machines are still easy to read together. */
const NOTICED_MS = 30_000;

/** How far this machine's clock is from the time in an answer of S3. @param answered the answer's `Date` */
export function clockFinding(answered: string | undefined, nowMs: number): Finding {
  const theirs = Date.parse(answered ?? "");
  if (Number.isNaN(theirs))
    return warning("the service did not tell its time", "see that this machine's clock is synchronised");
  const skew = nowMs - theirs;
  const text = `${Math.round(Math.abs(skew) / 1_000)} s ${skew < 0 ? "behind" : "ahead of"} AWS`;
  if (Math.abs(skew) <= NOTICED_MS) return ok(`within ${NOTICED_MS / 1_000} s of AWS`);
  const more =
    Math.abs(skew) > REFUSED_MS
      ? ": AWS refuses such signatures, and each client must first learn to allow for it"
      : "";
  return warning(`${text}${more}`, "synchronise this machine's clock (NTP, chrony)");
}

/** Asks for the time that S3 has: any answer will do, a refusal too. @throws {AdapterError} `unavailable` */
export async function askTime(
  bucket: string,
  region: string,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const { S3 } = await import("@aws-sdk/client-s3");
  const client = new S3({ region, maxAttempts: 1, forcePathStyle: true, followRegionRedirects: false });
  let date: string | undefined;
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers } = result.response as { readonly headers?: Readonly<Record<string, string>> };
      date = headers?.["date"];
      return result;
    },
    { step: "deserialize", priority: "low", name: "scalerDoctorDate" },
  );
  try {
    await client.headBucket({ Bucket: bucket }, signal === undefined ? {} : { abortSignal: signal });
  } catch (cause) {
    if (date === undefined)
      throw new AdapterError("unavailable", `no answer to HeadBucket (${String(cause)}); look at the network`, {
        cause,
      });
  } finally {
    client.destroy();
  }
  return date;
}
