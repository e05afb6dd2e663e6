/**
 * Several connections to each of two servers: the same commands in the same order, and all that each connection
 * receives is compared.
 *
 * @module
 */
import { Dice } from "../harness/dice.ts";
import { LINES, rollLine } from "./conversation_grammar.ts";
import { type Frame, showFrame, type TextClient, textClient } from "./text_client.ts";

/** The number of connections of a server, except the one that checks. */
const CONNECTIONS = 5;
/** Commands until all begins anew. */
const ROUND = 120;

interface Side {
  readonly port: number;
  /** Looks whether the server is done, and prepares it. */
  readonly control: TextClient;
  readonly clients: TextClient[];
}

/** A step after which a connection of one server has received something else than that of the other. */
export interface Mismatch {
  /** The seed of the round. */
  readonly seed: number;
  /** The last command; its connection first. */
  readonly step: string;
  /** The connection that has received something else. */
  readonly client: number;
  /** The bytes that the real server sent. */
  readonly expected: string;
  /** The bytes that the other server sent. */
  readonly actual: string;
  /** The commands before. */
  readonly before: readonly string[];
}

async function open(side: Side): Promise<TextClient> {
  const client = await textClient(side.port);
  client.id = Number(showFrame(await client.ask("CLIENT", "ID")).slice(1));
  return client;
}

/** Returns when a server has done everything and its bytes have arrived. */
async function settle({ control }: Side): Promise<void> {
  for (let i = 0; i < 3; i++) await control.ask("PING");
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Replaces what differs by chance: ports, times, sizes. */
function mask(text: string, { clients, control }: Side): string {
  const all = [...clients, control];
  return text
    .replaceAll("\\n", "\n")
    .replace(/127\.0\.0\.1:(\d+)/g, (_, port) => `#${all.findIndex((one) => one.port === Number(port))}`)
    .replace(
      /\b(laddr|fd|age|idle|q?buf(?:-free)?|argv-mem|multi-mem|rbs|rbp|obl|oll|omem|tot-mem|events)=[^ \\"]*/g,
      "$1",
    )
    .replace(/"(age-seconds)"(, | => )[,"]?[\d.]*"?/g, "$1")
    // The connection that looks whether a server is done is the first of all.
    .replace(/\bid=\d /g, "id=first ")
    // The server shows its clients in no order.
    .replace(/(?:id=\S+ addr=[^\n]*\n)+/g, (lines) => lines.split("\n").sort().join("\n"))
    .replace(/\+\d{10}\.\d{6} /g, "+time ");
}

/** Output of monitors for the connection that checks whether a server is done. */
const LOOKS = new RegExp(`^\\+time \\[\\d #${CONNECTIONS}\\] `);
/** Events of a key that a client in RESP3 has changed itself: before or after its reply, as the command has it. */
const OWN = /^>\["p?message".*"__key/;
/** An event of an own change that has come within a reply, which is listed. */
const BROKEN = /^[^>\n]+>\["p?message".*"__key/m;
const UNORDERED = /^(CLIENT UNPAUSE|PUBSUB|[PS]?UNSUBSCRIBE|ACL LIST|KEYS|RESET)/i;

function shown(frames: readonly Frame[], side: Side, steps: readonly string[]): string {
  const has = (pattern: RegExp): boolean => steps.some((step) => pattern.test(step));
  const texts = frames.filter((frame) => !LOOKS.test(mask(showFrame(frame), side))).map((frame) => {
    let text = mask(showFrame(frame, has(/^PUBSUB/i)), side);
    text = text.replace(/"pmessage", "[^"]*"/g, '"pmessage", "pattern"').replaceAll(
      '["ch2", "ch1"]',
      '["ch1", "ch2"]',
    );
    if (/^\+time .*"CLIENT"/.test(text)) text = text.replace(/"\d+"/g, "id");
    return text;
  });
  // The order in which all subscriptions end is that of a hash table.
  // Patterns are in a hash table, too.
  const patterns = texts.filter((text) => text.includes('"pmessage"')).length;
  if (patterns > 1 || texts.some((text) => OWN.test(text))) texts.sort();
  if (!has(UNORDERED)) return texts.join("\n    ");
  return texts.map((text) => text.replace(/(unsubscribe"(?:, "[^"]*")?), :\d+/, "$1")).sort().join("\n    ");
}

async function begin(side: Side): Promise<void> {
  for (const client of side.clients.splice(0)) client.close();
  for (
    const words of [
      ["CLIENT", "UNPAUSE"],
      ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"],
      ["CLIENT", "KILL", "TYPE", "pubsub"],
      ["FLUSHALL"],
      ["SCRIPT", "FLUSH"],
      ["ACL", "DELUSER", "u1", "u2"],
      ["ACL", "LOG", "RESET"],
      ["CONFIG", "SET", "notify-keyspace-events", ""],
      ["DEBUG", "SET-ACTIVE-EXPIRE", "0"],
      ["EVAL", "return 1", "0"],
    ]
  ) await side.control.ask(...words);
  // Connections that were killed are gone when the list is short.
  while (showFrame(await side.control.ask("CLIENT", "LIST")).split("id=").length > 2);
}

async function openAll(side: Side, protocols: readonly string[]): Promise<void> {
  for (const protocol of protocols) {
    const client = await open(side);
    await client.ask("HELLO", protocol);
    side.clients.push(client);
  }
}

/** Opens connections until the next ones have the same ids on both servers. */
async function alignIds(sides: readonly Side[]): Promise<void> {
  const ids = sides.map(() => 0);
  do {
    const least = Math.min(...ids);
    for (const [index, side] of sides.entries()) {
      if (ids[index]! > least) continue;
      const client = await open(side);
      ids[index] = client.id;
      client.close();
    }
  } while (ids[0] !== ids[1]);
}

const fit = (words: readonly string[], side: Side): string[] =>
  words.map((word) => word[0] === "\x01" ? String(side.clients[Number(word.slice(1))]!.id) : word);

/** Returns the first mismatch, or the number of steps that were alike. */
async function round(sides: readonly [Side, Side], seed: number): Promise<Mismatch | number> {
  const dice = new Dice(seed * 7919);
  const protocols = Array.from({ length: CONNECTIONS }, () => dice.pick(["2", "3"]));
  // A client that waits for the end of a pause must not be unblocked: that ends a real server.
  // Nor is CLIENT REPLY part of a transaction here: what is left of its replies is listed.
  const never = dice.oneIn(2) ? /^(CLIENT PAUSE|MULTI)/ : /^CLIENT (UNBLOCK|REPLY)/;
  // Clients that have not got a reply: commands behind one that waits run at another time than in Redis.
  const silent = new Set<number>();
  const main = dice.pick(Object.keys(LINES));
  await Promise.all(sides.map(begin));
  await alignIds(sides);
  await Promise.all(sides.map((side) => openAll(side, protocols)));
  const history: string[] = [];
  let alike = 0;
  for (let i = 0; i < ROUND; i++) {
    if (silent.size === CONNECTIONS) break;
    let at = dice.below(CONNECTIONS);
    while (silent.has(at)) at = dice.below(CONNECTIONS);
    const group = dice.next() < 0.6 ? main : dice.pick(Object.keys(LINES));
    // Some are sent at once; what these unblock has its turn after them.
    const batch: string[][] = [];
    for (let left = dice.oneIn(5) ? 2 + dice.below(3) : 1; left > 0;) {
      const words = rollLine(dice, group, CONNECTIONS, i + 1);
      if (never.test(words.join(" "))) continue;
      batch.push(words);
      left--;
    }
    const steps = batch.map((words) =>
      words.map((word) => word === "" ? '""' : word.replace("\x01", "#")).join(" ")
    );
    const step = steps.join("; ");
    for (const side of sides) side.clients[at]!.send(...batch.map((words) => fit(words, side)));
    await Promise.all(sides.map(settle));
    for (let client = 0; client < CONNECTIONS; client++) {
      const [expected, actual] = sides.map((side) => {
        const one = side.clients[client]!;
        const frames = one.takeAll();
        if (frames.length > 0 || one.closed) silent.delete(client);
        else if (client === at && !/^CLIENT REPLY/.test(step)) silent.add(client);
        const text = shown(frames, side, steps);
        return one.closed ? `${text} closed` : text;
      }) as [string, string];
      if (expected === actual) continue;
      if (BROKEN.test(expected)) return alike;
      return { seed, step: `${at}: ${step}`, client, expected, actual, before: history };
    }
    alike += batch.length;
    history.push(`${at}: ${step}`);
    // Connections that have ended are made anew.
    for (let client = 0; client < CONNECTIONS; client++) {
      if (!sides[0].clients[client]!.closed) continue;
      for (const side of sides) side.clients[client] = await open(side);
      history.push(`${client} connects`);
    }
  }
  return alike;
}

/** Holds conversations with two servers. Returns the first mismatch of each round, and how many steps were alike. */
export async function compareConversations(
  run: {
    readonly ports: readonly [number, number];
    readonly commands: number;
    readonly seed: number;
    readonly most: number;
  },
): Promise<{ readonly found: readonly Mismatch[]; readonly compared: number }> {
  const sides = await Promise.all(
    run.ports.map(async (port): Promise<Side> => ({ port, control: await textClient(port), clients: [] })),
  ) as [Side, Side];
  const found: Mismatch[] = [];
  let compared = 0;
  try {
    for (
      let seed = run.seed, done = 0;
      done < run.commands && found.length < run.most;
      seed++, done += ROUND
    ) {
      const result = await round(sides, seed);
      if (typeof result === "number") compared += result;
      else found.push(result);
    }
  } finally {
    for (const { control, clients } of sides) for (const one of [control, ...clients]) one.close();
  }
  return { found, compared };
}

/** A mismatch as lines for people. */
export function describeMismatch({ seed, step, client, expected, actual, before }: Mismatch): string {
  return [
    `seed ${seed}: ${step}: connection ${client}`,
    `  real: ${expected}`,
    `  mine: ${actual}`,
    ...before.map((one) => `    ${one}`),
  ].join("\n");
}
