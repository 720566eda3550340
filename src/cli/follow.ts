import pc from "picocolors";
import type { AuditChunk } from "../audit/index.ts";
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
    }
  }
}

function tellTuned(tell: Console, tuned: Tuned): void {
  const { specHash, by, defense, attack } = recordOf(tuned);
  tell.event("tuned", { specHash, by, defense: defenseName(defense), attack: attackName(attack) });
  tell.line(`tuned behind ${defenseName(defense)} to ${pc.bold(attackName(attack))}`);
}

function tellDraws(tell: Console, { from, to, seconds: { attacking, simulating, scoring } }: AuditChunk, tuning: boolean): void {
  const seconds = attacking.reduce((sum, cell) => sum + cell, simulating + scoring);
  tell.event("draws", { from, to, tuning, seconds });
  tell.line(`${tuning ? "tuning on " : ""}draws ${from}–${to - 1}  ${duration(seconds)}`);
}
