/**
 * Error replies without the arguments that servers quote in them: an argument may be a password.
 *
 * @module
 */

/** `ERR unknown command 'HELO', with args beginning with: '3' 'AUTH' 'default' 'secret'` */
const ARGUMENTS = /, with args beginning with:.*$/is;
/** `ERR Error in ACL SETUSER modifier '<secret': The password ... does not exist`, and two others that quote. */
const QUOTED = /(ACL SETUSER modifier|acl selector starting at|HELLO option) '.*'/is;

/** The text of an error reply, without arguments. */
export function withoutArguments(message: string): string {
  // Most errors quote nothing, and are looked at only as far as that shows.
  if (!message.startsWith("ERR ")) return message;
  return message.replace(ARGUMENTS, "").replace(QUOTED, "$1 [redacted]");
}
