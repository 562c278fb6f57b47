export { isProtocolError, ProtocolError, type ProtocolErrorCode } from "./protocol-error.ts";
export { type Address, formatAddress, parseAddress, type Scheme } from "./transport/address.ts";
export { type BackoffOptions, backoffDelayMs } from "./transport/backoff.ts";
export { connect } from "./transport/connect.ts";
export { connectWithRetry, RETRYABLE, type RetryOptions } from "./transport/connect-with-retry.ts";
export {
  type Connection,
  type ConnectionHandlers,
  type ConnectOptions,
  DEFAULT_TRANSPORT_LIMITS,
  type FrameSink,
  type TlsOptions,
  type TransportLimits,
} from "./transport/connection.ts";
