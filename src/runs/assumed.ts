import { losses } from "../client/index.ts";
import { models } from "../models/index.ts";
import { concise } from "../parts/index.ts";
import type { Result } from "./attack-result.ts";
import type { InvertSpec } from "./invert-spec.ts";

/**
 * What an inversion took for granted about the client, as terms and their values in words: if one
 * of them is wrong, so is the answer. The list is empty for other results.
 */
export function assumedIn({ command, spec: stated, images }: Result): readonly (readonly [term: string, text: string])[] {
  if (command !== "invert" || stated === null) return [];
  const spec = stated as unknown as InvertSpec;
  const { client, input, labels } = spec;
  // Some networks take pixels as they are, whatever is stated.
  const { mean, std } = models.build(client.model, {
    shape: input.shape,
    classes: input.classes,
    normalization: { mean: input.mean, std: input.std },
  }).normalization;
  const plain = mean.every((entry) => entry === 0) && std.every((entry) => entry === 1);
  const found = images.map(({ assumedLabel }) => assumedLabel ?? "none").join(", ");
  const given = {
    known: "given",
    recovered: "read off the gradient of the last layer",
    joint: "found together with the images",
  }[labels];
  return [
    ["update", updateWords(spec)],
    ["mode", client.mode === "eval" ? "evaluation" : "training"],
    [
      "normalization",
      plain ? "none: the network sees pixels from 0 to 1" : `mean ${mean.join(", ")}; standard deviation ${std.join(", ")}`,
    ],
    ["loss", concise(losses, client.loss)],
    ["batch", client.batch === 1 ? "one image" : `${client.batch} images`],
    [client.batch === 1 ? "label" : "labels", `${found}, ${given}`],
  ];
}

/** What the update was taken for. */
function updateWords({ update: { is = "gradient", scale } }: InvertSpec): string {
  if (is === "gradient") return scale === undefined || scale === 1 ? "a gradient" : `a gradient times ${shown(scale)}`;
  const rate = scale === undefined ? "the learning rate, which is not known," : shown(scale);
  return `${is === "weights" ? "new weights: after minus before" : "a difference of weights, which"} is minus ${rate} times a gradient`;
}

const shown = (number: number): string => String(Number(number.toPrecision(4)));
