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

/** Replaces what differs by chance: ids, ports, times, sizes. */
function mask(text: string, { clients, control }: Side): string {
  const all = [...clients, control];
  return text
    .replaceAll("\\n", "\n")
    .replace(/127\.0\.0\.1:(\d+)/g, (_, port) => `#${all.findIndex((one) => one.port === Number(port))}`)
    .replace(
      /\b(id|redir)=(\d+)/g,
      (_, name, id) => `${name}=#${all.findIndex((one) => one.id === Number(id))}`,
    )
    .replace(
      /\b(laddr|fd|age|idle|q?buf(?:-free)?|argv-mem|multi-mem|rbs|rbp|obl|oll|omem|tot-mem|events)=[^ \\"]*/g,
      "$1",
    )
    .replace(/"id"(, | => ):\d+/, '"id"')
    .replace(/"(age-seconds)"(, | => )[,"]?[\d.]*"?/g, "$1")
    .replace(/^\+\d+\.\d+ /, "+time ");
}

/** Output of monitors for the connection that checks whether a server is done. */
const LOOKS = new RegExp(`^\\+time \\[\\d #${CONNECTIONS}\\] `);
/** Events of a key that a client in RESP3 has changed itself: before or after its reply, as the command has it. */
const OWN = /^>\["p?message".*"__key/;
/** Commands whose numbers are ids of connections. */
const SHOWS_IDS = /^CLIENT (ID|GETREDIR|TRACKINGINFO)/i;
const UNORDERED = /^(CLIENT UNPAUSE|PUBSUB|[PS]?UNSUBSCRIBE|ACL LIST|KEYS|RESET)/i;

function shown(frames: readonly Frame[], side: Side, step: string): string {
  const all = [...side.clients, side.control];
  const texts = frames.filter((frame) => !LOOKS.test(mask(showFrame(frame), side))).map((frame) => {
    let text = mask(showFrame(frame, /^PUBSUB/i.test(step)), side);
    text = text.replace(/"pmessage", "[^"]*"/g, '"pmessage", "pattern"').replaceAll(
      '["ch2", "ch1"]',
      '["ch1", "ch2"]',
    );
    // The server shows its clients in no order.
    if (/^CLIENT LIST/i.test(step)) text = text.replace(/^(="txt:|")/, "\n").split("\n").sort().join("\n");
    if (/^\+time .*"CLIENT"/.test(text)) text = text.replace(/"\d+"/g, "id");
    if (SHOWS_IDS.test(step) || /tracking-redir-broken/.test(text)) {
      text = text.replace(/:(\d+)/g, (whole, id) => {
        const at = all.findIndex((one) => one.id === Number(id));
        return at < 0 ? whole : `:#${at}`;
      });
    }
    return text;
  });
  // The order in which all subscriptions end is that of a hash table.
  // Patterns are in a hash table, too.
  const patterns = texts.filter((text) => text.includes('"pmessage"')).length;
  if (patterns > 1 || texts.some((text) => OWN.test(text))) texts.sort();
  if (!UNORDERED.test(step)) return texts.join("\n    ");
  return texts.map((text) => text.replace(/(unsubscribe", "[^"]*"), :\d+/, "$1")).sort().join("\n    ");
}

async function begin(side: Side, protocols: readonly string[]): Promise<void> {
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
      ["EVAL", "return 1", "0"],
    ]
  ) await side.control.ask(...words);
  // Connections that were killed are gone when the list is short.
  while (showFrame(await side.control.ask("CLIENT", "LIST")).split("id=").length > 2);
  for (const protocol of protocols) {
    const client = await open(side);
    await client.ask("HELLO", protocol);
    side.clients.push(client);
  }
}

const fit = (words: readonly string[], side: Side): string[] =>
  words.map((word) => word[0] === "\x01" ? String(side.clients[Number(word.slice(1))]!.id) : word);

async function round(sides: readonly [Side, Side], seed: number): Promise<Mismatch | undefined> {
  const dice = new Dice(seed * 7919);
  const protocols = Array.from({ length: CONNECTIONS }, () => dice.pick(["2", "3"]));
  // A client that waits for the end of a pause must not be unblocked: that ends a real server.
  // Nor is CLIENT REPLY part of a transaction here: what is left of its replies is listed.
  const never = dice.oneIn(2) ? /^(CLIENT PAUSE|MULTI)/ : /^CLIENT (UNBLOCK|REPLY)/;
  // Clients that have not got a reply: commands behind one that waits run at another time than in Redis.
  const silent = new Set<number>();
  const main = dice.pick(Object.keys(LINES));
  await Promise.all(sides.map((side) => begin(side, protocols)));
  const history: string[] = [];
  for (let i = 0; i < ROUND; i++) {
    if (silent.size === CONNECTIONS) break;
    let at = dice.below(CONNECTIONS);
    while (silent.has(at)) at = dice.below(CONNECTIONS);
    const group = dice.next() < 0.6 ? main : dice.pick(Object.keys(LINES));
    let words = rollLine(dice, group, CONNECTIONS, i + 1);
    while (never.test(words.join(" "))) words = rollLine(dice, group, CONNECTIONS, i + 1);
    const step = words.map((word) => word === "" ? '""' : word.replace("\x01", "#")).join(" ");
    for (const side of sides) side.clients[at]!.send(fit(words, side));
    await Promise.all(sides.map(settle));
    for (let client = 0; client < CONNECTIONS; client++) {
      const [expected, actual] = sides.map((side) => {
        const one = side.clients[client]!;
        const frames = one.takeAll();
        if (frames.length > 0 || one.closed) silent.delete(client);
        else if (client === at && !/^CLIENT REPLY/.test(step)) silent.add(client);
        const text = shown(frames, side, step);
        return one.closed ? `${text} closed` : text;
      }) as [string, string];
      if (expected === actual) continue;
      return { seed, step: `${at}: ${step}`, client, expected, actual, before: history };
    }
    history.push(`${at}: ${step}`);
    // Connections that have ended are made anew.
    for (let client = 0; client < CONNECTIONS; client++) {
      if (!sides[0].clients[client]!.closed) continue;
      for (const side of sides) side.clients[client] = await open(side);
      history.push(`${client} connects`);
    }
  }
  return undefined;
}

/** Holds conversations with two servers. Returns the first mismatch of each round. */
export async function compareConversations(
  run: {
    readonly ports: readonly [number, number];
    readonly commands: number;
    readonly seed: number;
    readonly most: number;
  },
): Promise<Mismatch[]> {
  const sides = await Promise.all(
    run.ports.map(async (port): Promise<Side> => {
      const control = await textClient(port);
      control.id = Number(showFrame(await control.ask("CLIENT", "ID")).slice(1));
      return { port, control, clients: [] };
    }),
  ) as [Side, Side];
  const found: Mismatch[] = [];
  try {
    for (
      let seed = run.seed, done = 0;
      done < run.commands && found.length < run.most;
      seed++, done += ROUND
    ) {
      const mismatch = await round(sides, seed);
      if (mismatch !== undefined) found.push(mismatch);
    }
  } finally {
    for (const { control, clients } of sides) for (const one of [control, ...clients]) one.close();
  }
  return found;
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
