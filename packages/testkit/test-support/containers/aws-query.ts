/**
 * Asks an emulator of AWS by the query protocol (IAM, STS), which takes a form. It tells service and region from the signature, and checks none.
 * @throws {Error} with its answer, when it refuses
 */
export async function queryAws(
  endpoint: string,
  service: "iam" | "sts",
  form: Readonly<Record<string, string>>,
): Promise<string> {
  const credential = `testing/20260101/us-east-1/${service}/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0`;
  const body = new URLSearchParams({ Version: service === "iam" ? "2010-05-08" : "2011-06-15", ...form });
  const answer = await fetch(endpoint, { method: "POST", body, headers: { authorization } });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${service} ${form["Action"]}: ${text}`);
  return text;
}
