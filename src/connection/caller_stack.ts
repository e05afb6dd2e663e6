/**
 * The line of the caller in the stack of an error that a server's reply, or the loss of a connection, brought about.
 *
 * V8 writes the functions that await a promise into a stack that is captured while that promise settles. So it costs
 * nothing until a command fails. JavaScriptCore has no such stacks: there the option `callSites` captures each call.
 *
 * @module
 */
import { RedisError } from "../errors.ts";

/** Captures the stack of an error. */
type Capture = (error: Error) => void;

const { captureStackTrace } = Error as { readonly captureStackTrace?: Capture };

/** The stacks of so many errors are captured at once; a lost connection may fail thousands of commands. */
const MOST = 50;

let capturing = 0;

/** Settles a promise by its functions, with an error whose stack shows the functions that await the promise. */
export function rejectWithCaller(
  resolve: (value: never) => void,
  reject: (error: unknown) => void,
  error: unknown,
): void {
  if (captureStackTrace === undefined || capturing >= MOST || !(error instanceof RedisError)) {
    return reject(error);
  }
  capturing++;
  // V8 follows the promise only if both handlers are its own functions.
  replyOf(error, captureStackTrace).then(resolve, reject);
}

/** Named for what its frame says at the top of a stack. */
async function replyOf(error: RedisError, capture: Capture): Promise<never> {
  // After two turns this promise has its reaction, which continues the stack to the caller.
  await undefined;
  await undefined;
  capturing--;
  capture(error);
  throw error;
}
