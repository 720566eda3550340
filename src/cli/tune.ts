import pc from "picocolors";
import { attacks } from "../attacks/index.ts";
import {
  attackName,
  auditDraws,
  type Criterion,
  candidatesOf,
  most,
  readVaried,
  requireComparable,
  type TuneSpec,
  tuned,
  tuningRun,
} from "../audit/index.ts";
import { defenses } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { concise, format, specHash } from "../parts/index.ts";
import { type AuditFlags, prepare } from "./audit.ts";
import type { TuningFlags } from "./audit-tuning.ts";
import { consoleFor } from "./console.ts";
import { drawStore, drawsDoing } from "./draw-store.ts";
import { wholeNumber } from "./flags.ts";
import { ResultFolder } from "./folder.ts";
import { completed, drive } from "./run.ts";

export interface TuneFlags extends Omit<AuditFlags, "defense" | "attack" | "tuned" | "failIf" | keyof TuningFlags> {
  readonly defense: string;
  readonly attack: string;
  readonly vary: readonly string[];
  readonly budget: string;
  readonly by: Criterion;
}

/** `gradleak tune`: an attack's parameters by equal budgets, on draws that are not scored. */
export async function tune(flags: TuneFlags): Promise<void> {
  const tell = consoleFor(flags.json === true);
  const varied = flags.vary.map(readVaried);
  requireComparable(flags.by, varied);
  wholeNumber(flags.samples, "--samples", 2, most.samples);
  const budget = wholeNumber(flags.budget, "--budget", 2);
  const candidates = candidatesOf(attacks.parse(flags.attack), varied, budget, wholeNumber(flags.seed, "--seed", 0));
  if (candidates.length < 2)
    throw new LeakageError("spec", "--vary leaves one candidate: give a value that --attack does not have already.");
  const { vary: _vary, budget: _budget, by: _by, ...drawn } = flags;
  const { publicSet, dataset, ...prepared } = await prepare({ ...drawn, defense: [flags.defense], attack: candidates.map(format) }, true);
  if (!publicSet)
    throw new LeakageError(
      "spec",
      `gradleak tune needs images that are not scored, and --data ${flags.data} has no two splits; put its pictures into subfolders train and test.`,
    );
  const spec: TuneSpec = { ...prepared.spec, by: flags.by };
  const hash = specHash(spec);
  const folder = await ResultFolder.open(flags.out ?? `out/tune-${hash.slice(0, 12)}`, hash, spec);
  tell.event("start", { specHash: hash, draws: spec.samples, candidates: candidates.length });
  tell.line(
    `${pc.bold("gradleak")} tunes ${flags.attack.split(":")[0]} behind ${concise(defenses, spec.defenses[0]!)}: ${candidates.length} candidates on the same ${spec.samples} draws of the ${spec.data.split} images`,
  );
  const run = await completed(tell, tuningRun(prepared, spec, dataset));
  const chunks = await drive(tell, drawsDoing, auditDraws(run, drawStore(tell, folder), "draws"));
  const result = tuned(spec, chunks);
  await folder.write("tuned.json", `${JSON.stringify(result, null, 2)}\n`);
  const order = result.candidates
    .map((each, i) => ({ ...each, name: attackName(spec.attacks[i]!) }))
    .sort((a, b) => (a.score ?? Infinity) - (b.score ?? Infinity));
  for (const { name, score, lower, upper } of order.slice(0, 10)) {
    const told = score === null ? "not a number" : `${score.toPrecision(4)}  [${lower!.toPrecision(4)}, ${upper!.toPrecision(4)}]`;
    tell.line(`${told}  ${name}`);
  }
  tell.line(`\nthe least ${flags.by === "distance" ? "mean distance" : "objective"}: ${pc.bold(order[0]!.name)}`);
  tell.line(`${folder.at("tuned.json")}  ${pc.dim(`spec ${hash.slice(0, 12)}; use it with --tuned ${folder.at("tuned.json")}`)}`);
  tell.event("result", { ...result });
}
