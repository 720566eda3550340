import type { Figure1Result } from "../../src/experiments/index.ts";
import { encodePng } from "../../src/formats/index.ts";
import { specHash } from "../../src/parts/index.ts";

const steps = 60;
const shown = [1, 8, 60];

/** A figure 1 that no experiment gave: a spiral toward the original. */
export function madeUpFigure1(): Figure1Result {
  const path = Array.from({ length: steps }, (_, i) => {
    const radius = Number((16 * Math.exp(-i / 25) + 2).toPrecision(4));
    const angle = (1.2 * i) / steps;
    return {
      step: i + 1,
      objective: Number((-5e5 + 4e6 * Math.exp(-i)).toPrecision(6)),
      distance: Number((1.1 * radius).toPrecision(4)),
      psnr: Number((20 - radius).toPrecision(4)),
      at: [Number((radius * Math.cos(angle)).toPrecision(4)), Number((radius * Math.sin(angle)).toPrecision(4))] as [number, number],
    };
  });
  const spec = { version: 1, command: "reproduce", experiment: { kind: "figure-1", image: 3 }, seed: 1 };
  return {
    format: "gradleak-figure-1-2",
    command: "reproduce",
    experiment: "figure-1",
    spec,
    specHash: specHash(spec),
    seed: 1,
    versions: { gradleak: "0.1.0", node: "20.20.0", onnxruntime: "1.30.0" },
    image: { index: 3, label: 3, className: "ring <b>" },
    assumes: { law: "gaussian with sigma 0.01", prior: "tv:weight=100", radius: 5.54, samples: 8 },
    delta: 5.54,
    recovered: true,
    shown: 0.83,
    path,
    files: { original: "original.png", snapshots: shown.map((step) => ({ step, file: `step-${step}.png` })) },
    notes: ["The numbers are made up."],
  };
}

/** Its images: 4 × 4 in gray, brighter from step to step. */
export const madeUpSnapshots = (): ReadonlyMap<string, Uint8Array> =>
  new Map(
    ["original.png", ...shown.map((step) => `step-${step}.png`)].map((name, i) => [
      name,
      encodePng({ width: 4, height: 4, channels: 1, data: new Uint8Array(16).fill(50 + 60 * i) }),
    ]),
  );
