import pc from "picocolors";
import type { AuditChunk, AuditResult } from "../audit/index.ts";
import { defenses } from "../defenses/index.ts";
import { printable } from "../formats/index.ts";
import { models } from "../models/index.ts";
import { concise } from "../parts/index.ts";
import { attackName, defenseName, type Places, type RunEvent, type RunResult, recordOf, type Spec, type Tuned } from "../runs/index.ts";
import { tellImage } from "./conclude.ts";
import { type Console, duration } from "./console.ts";

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** Prints what begins. */
export function opening(tell: Console, spec: Spec, specHash: string, places: Places): void {
  const model = concise(models, spec.client.model);
  const { statistics } = spec.client;
  const data = "data" in spec ? (places.data ?? spec.data.set.kind) : (places.update ?? "an update");
  switch (spec.command) {
    case "attack": {
      const { images } = spec.data;
      tell.event("start", { specHash, images: images.length });
      tell.line(
        `${pc.bold("gradleak")} attacks ${counted(images.length, "image")} of ${data} behind ${defenseName(spec.defense)} on ${model}`,
      );
      break;
    }
    case "invert":
      tell.event("start", { specHash, images: spec.client.batch });
      tell.line(`${pc.bold("gradleak")} inverts ${data} on ${model}`);
      break;
    case "audit": {
      const drawn = spec.client.batch === 1 ? counted(spec.samples, "draw") : `${spec.samples} batches of ${spec.client.batch}`;
      tell.event("start", { specHash, draws: spec.samples, cells: spec.defenses.length * spec.attacks.length });
      tell.line(
        `${pc.bold("gradleak")} audits ${drawn} of ${data} on ${model}: ${counted(spec.defenses.length, "defense")}, ${counted(spec.attacks.length, "attack")}`,
      );
      break;
    }
    case "train":
      tell.event("start", { specHash, clients: spec.clients, rounds: spec.rounds });
      tell.line(
        `${pc.bold("gradleak")} trains ${model} on ${counted(spec.data.examples, "example")} of ${data} with ${counted(spec.clients, "client")} behind ${defenseName(spec.defense)}: ${counted(spec.rounds, "round")}`,
      );
      break;
    case "tune":
      tell.event("start", { specHash, draws: spec.samples, candidates: spec.attacks.length });
      tell.line(
        `${pc.bold("gradleak")} tunes ${spec.attacks[0]!.kind} behind ${concise(defenses, spec.defenses[0]!)}: ${spec.attacks.length} candidates on the same ${counted(spec.samples, "draw")} of the ${spec.data.split} images`,
      );
      break;
  }
  if (statistics) tell.line(`running statistics from ${statistics.examples} public images`);
}

/** Runs a plan to its end and reports its progress. */
export async function follow(tell: Console, running: AsyncGenerator<RunEvent, RunResult>): Promise<RunResult> {
  let part: unknown;
  let name = "";
  let began = performance.now();
  const start = began;
  /** The round at which this run of a training began, with its time. */
  let from: { readonly step: number; readonly at: number } | undefined;
  const progress = (own: unknown, nameOf: () => string, tick: Parameters<Console["progress"]>[1]) => {
    if (own !== part) [part, name, began] = [own, nameOf(), performance.now()];
    tell.progress(name, tick, (performance.now() - began) / 1000);
  };
  for (;;) {
    const next = await running.next();
    if (next.done) return next.value;
    const event = next.value;
    switch (event.kind) {
      case "attacking":
        progress(
          event.images.join(),
          () => (event.images.length === 1 ? `image ${event.images[0]}` : `images ${event.images.join(", ")}`),
          event.tick,
        );
        break;
      case "remark":
        tell.event("remark", { sentence: event.sentence });
        tell.line(printable(event.sentence));
        break;
      case "images":
        for (const image of event.images) tellImage(tell, image, event.rasters, event.adaptive);
        break;
      case "drawing": {
        const { cell, draws } = event;
        progress(
          cell,
          () => `draws ${draws.from}–${draws.to - 1} of ${draws.of}, ${cell.scenario.defense.name} × ${cell.attack.name}`,
          event.tick,
        );
        break;
      }
      case "draws":
        tellDraws(tell, event.chunk, event.tuning);
        break;
      case "tuned":
        tellTuned(tell, event.tuned);
        break;
      case "training":
        from ??= { step: event.tick.step - 1, at: start };
        progress("training", () => "training", event.tick);
        break;
      case "measured":
        tellMeasured(tell, event, from && (performance.now() - from.at) / 1000 / Math.max(1, event.round - from.step));
        break;
      case "audited":
        tellAudited(tell, event.round, event.result);
        break;
    }
  }
}

function tellTuned(tell: Console, tuned: Tuned): void {
  const { specHash, by, defense, attack } = recordOf(tuned);
  tell.event("tuned", { specHash, by, defense: defenseName(defense), attack: attackName(attack) });
  tell.line(`tuned behind ${defenseName(defense)} to ${pc.bold(attackName(attack))}`);
}

/** One line on how far a training is: loss, accuracy, and the time that is left. */
function tellMeasured(
  tell: Console,
  { round, of, loss, accuracy }: Extract<RunEvent, { kind: "measured" }>,
  seconds: number | undefined,
): void {
  const left = seconds === undefined ? null : seconds * (of - round);
  tell.event("measured", { round, of, loss, accuracy, secondsLeft: left });
  const parts = [
    `round ${round} of ${of}`,
    ...(loss === null ? [] : [`loss ${loss.toPrecision(3)}`]),
    `accuracy ${(100 * accuracy).toFixed(1)} %`,
    ...(left === null || round === of ? [] : [`${duration(left)} left`]),
  ];
  tell.line(parts.join("  "));
}

function tellAudited(tell: Console, round: number, { cells, gate, statements }: AuditResult): void {
  const told = cells.map(({ attack, recovered }) => ({ attack, recovered }));
  tell.event("audited", { round, cells: told, gate });
  for (const { attack, recovered } of told)
    tell.line(
      `after round ${round} ${(100 * recovered.estimate).toFixed(1)} % came back (${(100 * recovered.lower).toFixed(1)} to ${(100 * recovered.upper).toFixed(1)} %) by ${attack}`,
    );
  for (const reason of statements.flatMap(({ reasons }) => reasons)) tell.line(pc.yellow(printable(`no statement: ${reason}`)));
}

function tellDraws(tell: Console, { from, to, seconds: { attacking, simulating, scoring } }: AuditChunk, tuning: boolean): void {
  const seconds = attacking.reduce((sum, cell) => sum + cell, simulating + scoring);
  tell.event("draws", { from, to, tuning, seconds });
  tell.line(`${tuning ? "tuning on " : ""}draws ${from}–${to - 1}  ${duration(seconds)}`);
}
