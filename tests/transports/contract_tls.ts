export function tlsContract(_t: unknown): void {}
