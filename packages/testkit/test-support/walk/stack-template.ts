/** The template of a stack of moto's, as it was carried out last. @param moto its endpoint */
export async function templateOf<T>(moto: string, stack: string): Promise<T> {
  const scope = "eu-central-1/cloudformation/aws4_request";
  const authorization = `AWS4-HMAC-SHA256 Credential=testing/20260101/${scope}, SignedHeaders=host, Signature=0`;
  const body = new URLSearchParams({ Action: "GetTemplate", StackName: stack, Version: "2010-05-15" });
  const xml = await (await fetch(moto, { method: "POST", headers: { authorization }, body })).text();
  const text = /<TemplateBody>(.*)<\/TemplateBody>/s.exec(xml)?.[1] ?? "{}";
  const plain = text
    .replace(/&(?:quot|#34);/g, '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">");
  return JSON.parse(plain.replaceAll("&amp;", "&")) as T;
}
