/** An answer of an AWS service that is an error: its code, its HTTP status and its message, word for word where it is known. */
export class ApiRefusal extends Error {
  override readonly name = "ApiRefusal";
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, detail: string) {
    super(detail);
    this.code = code;
    this.status = status;
  }
}

/** The client's fault: HTTP 400 `ClientException`, the only one that Batch models beside `ServerException`. */
export function clientFault(detail: string): ApiRefusal {
  return new ApiRefusal("ClientException", 400, detail);
}
