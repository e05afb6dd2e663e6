/**
 * All contenders of a runtime against each other, in one process: they take turns in short rounds, so that what else
 * the machine does hits all alike. `scripts/bench` starts it with a {@linkcode CompareJob} and reads a
 * {@linkcode Compared} from its last line.
 *
 * @module
 */
import process from "node:process";
import { type Contender, type Kind, openContenders, type Place } from "./contenders/mod.ts";
import { median, quantile, rounded } from "./statistics.ts";
import { takeTurn, type Turn } from "./turn.ts";
import { type Workload, WORKLOADS } from "./workloads.ts";

/** The parameters of a measurement. */
export interface CompareJob {
  readonly place: Place;
  /** Rounds that count; two before them only warm up. */
  readonly rounds: number;
  /** Milliseconds of a turn. */
  readonly turn: number;
  /** The workloads. */
  readonly workloads: readonly string[];
}

/** One contender at one workload. */
export interface Figure {
  readonly contender: string;
  /** Commands a second: the median of the rounds. */
  readonly rate: number;
  /** Ours by theirs: the median of the ratios within each round, and the quarters of the rounds around it. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  /** Microseconds of processor time a command. */
  readonly cpu: number;
}

/** All contenders at one workload. */
export interface Compared {
  readonly id: string;
  readonly title: string;
  readonly figures: readonly Figure[];
}

async function compare(
  workload: Workload,
  all: readonly Contender[],
  job: CompareJob,
): Promise<Compared | undefined> {
  const { id, title, together, counts = 1 } = workload;
  const able = all.flatMap((contender) => {
    const fits = contender.only?.test(id) ?? true;
    const operation = fits ? workload.operation(contender) : undefined;
    return operation === undefined ? [] : [{ name: contender.name, operation, turns: [] as Turn[] }];
  });
  const ours = able.find(({ name }) => name === "keywire")?.turns;
  // Not before the library can do it.
  if (ours === undefined) return undefined;
  for (let round = -2; round < job.rounds; round++) {
    // Every other round in the opposite order.
    for (const { operation, turns } of round % 2 === 0 ? able : [...able].reverse()) {
      const turn = await takeTurn(operation, together, job.turn);
      if (round >= 0) turns.push(turn);
    }
  }
  const figures = able.map(({ name, turns }): Figure => {
    const ratios = turns.map(({ rate }, round) => ours[round]!.rate / rate);
    return {
      contender: name,
      rate: rounded(median(turns.map(({ rate }) => rate)) * counts),
      ratio: rounded(median(ratios)),
      low: rounded(quantile(ratios, 0.25)),
      high: rounded(quantile(ratios, 0.75)),
      cpu: rounded(median(turns.map(({ cpu }) => cpu)) / counts),
    };
  });
  return { id, title, figures };
}

const job = JSON.parse(process.argv[2]!) as CompareJob;
for (const kind of ["plain", "tls", "pool", "cluster"] satisfies Kind[]) {
  const workloads = WORKLOADS.filter((one) =>
    (one.kind ?? "plain") === kind && job.workloads.includes(one.id)
  );
  if (workloads.length === 0 || (kind === "cluster" && job.place.clusterPort === 0)) continue;
  const contenders = await openContenders(kind, job.place);
  if (contenders[0]?.name === "keywire") {
    for (const workload of workloads) {
      const compared = await compare(workload, contenders, job);
      if (compared !== undefined) console.log(JSON.stringify(compared));
    }
  }
  for (const contender of contenders) await contender.close();
}
process.exit(0);
