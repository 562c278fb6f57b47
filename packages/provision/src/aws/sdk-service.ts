import type { AbortOptions } from "@scaler-aws-hpc/adapter-core";
import { fromAws } from "./aws-failure.ts";
import { type Sending, sending } from "./sdk-options.ts";

/** What a service of AWS is asked through: the loaded package of its SDK, and one client. Whoever opened it closes it. */
export class SdkService<Sdk, Client extends { destroy(): void }> implements Disposable {
  protected readonly sdk: Sdk;
  protected readonly client: Client;

  constructor(sdk: Sdk, client: Client) {
    this.sdk = sdk;
    this.client = client;
  }

  [Symbol.dispose](): void {
    this.client.destroy();
  }

  /**
   * One call.
   * @param action the permission that it needs
   * @param doing what it is about, in words
   * @throws {AdapterError} what AWS says, by the project's codes
   */
  protected async call<T>(
    action: string,
    doing: string,
    { signal }: AbortOptions,
    send: (more: Sending) => Promise<T>,
  ): Promise<T> {
    try {
      return await send(sending(signal));
    } catch (reason) {
      throw fromAws(reason, action, doing, signal);
    }
  }
}
