export { ClientError, type ClientErrorCode, isClientError } from "../client-error.ts";
export {
  type DecodedFailure,
  decodeFailure,
  encodeFailure,
  MAX_FAILURE_JSON_BYTES,
  type ManagerFailureKind,
  managerFailure,
} from "./failure-object.ts";
export {
  type DecodedFunction,
  decodeFunction,
  encodeFunction,
  type FunctionObject,
  MAX_FUNCTION_HEADER_BYTES,
  MAX_MODULE_BYTES,
  moduleDigest,
} from "./function-object.ts";
export { isNodeSerializer, SERIALIZER_HEAD, serializerObject } from "./serializer-object.ts";
export { taskFunction } from "./task-function.ts";
export { decodeValue, encodeValue } from "./value-object.ts";
