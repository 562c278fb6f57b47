/** An answer of S3 that is an error: its code, its HTTP status, and headers that go with it. */
export class S3Refusal extends Error {
  override readonly name = "S3Refusal";
  readonly code: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: string, status: number, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.code = code;
    this.status = status;
    this.headers = headers;
  }
}
