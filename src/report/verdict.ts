import { hasFailed, stops } from "../adversary/index.ts";
import { askedFor, type ImageMetrics, type ImageResult, type Result } from "../runs/index.ts";
import { aimedAt, aimOf } from "./aim-words.ts";
import { explainsLittle, explanationWords, likelyCauses } from "./evidence-words.ts";
import { nearestWords } from "./nearest-words.ts";
import { counted, fixed, significant, spaced } from "./numbers.ts";

/** What an attack came to, in plain words. */
export interface Verdict {
  /** One sentence. */
  readonly sentence: string;
  /** What the words of the sentence mean, and what one who saw no update would have had. */
  readonly detail: string;
}

/**
 * Whether an image counts as recovered: its distance is at most δ. False where the original is not
 * known.
 */
export function isRecovered({ distance }: ImageMetrics, { assumptions }: Result): boolean {
  return distance !== null && distance <= assumptions.delta;
}

/** Says in plain words what came back, next to what a guess without the update gives. */
export function verdict(whole: Result): Verdict {
  const result = askedFor(whole);
  const { images, assumptions } = result;
  const known = images.filter(({ distance }) => distance !== null);
  if (!known.length) return ofUpdate(result);
  const recovered = known.filter((image) => isRecovered(image, result)).length;
  const baselines = baselineNames(result).map((name) => ({
    name,
    recovered: known.filter(({ baseline }) => baseline[name] && isRecovered(baseline[name], result)).length,
  }));
  const bestGuess = Math.max(0, ...baselines.map(({ recovered }) => recovered));
  const space = assumptions.deltaSpace === "pixel" ? "pixels run from 0 to 1" : "in the model's normalized pixels";
  const means = `An image counts as having come back when its distance from ${aimedAt(aimOf(result))} is at most δ = ${significant(assumptions.delta)} (${space}).`;
  const guesses = baselines.map(({ name, recovered }) => `the ${spaced(name)} is that near for ${recovered} of ${known.length}`).join(", ");
  return {
    sentence: sentenceOf(recovered, known.length, bestGuess, failureClause(known.filter((image) => !isRecovered(image, result)))),
    detail: [means, otherAim(result), guesses && `As a guess without the update, ${guesses}.`, neighbors(known, result), limitsOf(known)]
      .filter(Boolean)
      .join(" "),
  };
}

/** How near the answers are to either, where the defense changed the images; empty where it did not. */
function otherAim({ summary: { targets } }: Result): string {
  if (!targets) return "";
  const mean = (which: "original" | "transformed") => `${fixed(targets[which].psnr?.mean ?? null, 1)} dB`;
  return `The defense changed the images, and this attack is after ${aimedAt(targets)}: its mean PSNR is ${mean("transformed")} against what the network saw, and ${mean("original")} against the originals.`;
}

/** What can be said of an update whose originals nobody knows. */
function ofUpdate({ images }: Result): Verdict {
  const failed = images.filter(({ stopped }) => hasFailed(stopped));
  const first = images[0]!;
  const words = failed.length > 0 ? `the attack failed: ${stops[failed[0]!.stopped!]}` : `it ${explanationWords(first)}`;
  const little = failed.length > 0 || explainsLittle(first);
  return {
    sentence: `The attack returned ${counted(images.length, "image")}; ${words}${little && failed.length === 0 ? ", which is little" : ""}.`,
    detail: `The originals are not known here, so nothing says how near the reconstructions are: look at them.${little ? ` ${likelyCauses}` : ""}`,
  };
}

/** Attacks that failed among those that brought nothing back, in a clause. */
function failureClause(lost: readonly ImageResult[]): string {
  const failed = lost.flatMap(({ stopped }) => (stopped !== null && hasFailed(stopped) ? [stopped] : []));
  if (failed.length === 0) return "";
  const ways = [...new Set(failed)].map((stop) => `${failed.filter((one) => one === stop).length} ${stop}: ${stops[stop]}`);
  return ` For ${counted(failed.length, "image")} the attack failed (${ways.join("; ")}), which says nothing about the update.`;
}

/** Whether the search or the update kept images from coming back. */
function limitsOf(known: readonly ImageResult[]): string {
  const count = (limit: ImageResult["limit"]) => known.filter((image) => image.limit === limit).length;
  const [search, information] = [count("search"), count("information")];
  return [
    search > 0 &&
      `For ${counted(search, "image")} that did not come back the search failed: the attacker's own objective prefers the original.`,
    information > 0 &&
      `For ${counted(information, "image")} the update does not determine the image under this assumption: the answer is as good as the original.`,
  ]
    .filter(Boolean)
    .join(" ");
}

/** How near public images lie anyway, where some are public. */
function neighbors(known: readonly ImageResult[], result: Result): string {
  const own = known.flatMap(({ nearestPublic }) => nearestPublic ?? []);
  if (own.length === 0) return "";
  const near = own.filter((one) => isRecovered(one, result)).length;
  return `The ${nearestWords(own[0]!.count, "image")}, is that near for ${near} of ${own.length}: no guess, but what any choice among them gives at most.`;
}

/** Names of the guesses that saw no update. */
export function baselineNames({ summary }: Result): string[] {
  return Object.keys(summary.baseline);
}

function sentenceOf(recovered: number, of: number, bestGuess: number, failures: string): string {
  const only = of === 1;
  if (recovered === 0)
    return `${only ? "The private image did not come back, by this attack." : `None of the ${of} private images came back, by this attack.`}${failures}`;
  const came = only
    ? "The private image came back"
    : `${recovered === of ? `All ${of}` : `${recovered} of ${of}`} private images came back`;
  return `${bestGuess >= recovered ? `${came}, but a guess without the update does as well.` : `${came}.`}${failures}`;
}
