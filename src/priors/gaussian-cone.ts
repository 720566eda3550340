import { z } from "zod";
import type { Batch } from "../client/index.ts";
import { normal } from "../distributions/index.ts";
import { LeakageError } from "../errors.ts";
import { sizeOf, type Tensor, vmap, where } from "../graph/index.ts";
import { type Model, perChannel } from "../models/index.ts";
import { part } from "../parts/index.ts";
import { alike } from "./alike.ts";
import { type Cones, conesOf, inCone, logInsideThroughNoise, projectOntoCone } from "./cone.ts";
import { densityOf, type Prior, type PriorContext, type Support } from "./prior.ts";
import { inSpace } from "./space.ts";

/** The largest number of classes: each step works through a matrix of classes × classes. */
const most = 64;

const known = new WeakMap<Float32Array, Cones>();

/** The cones of a labeling for a model. @throws LeakageError `spec` if they do not fit. */
function fittingCones(labeling: Float32Array, { shape, classes }: Model): Cones {
  if (classes > most)
    throw new LeakageError(
      "spec",
      `The prior gaussian-cone takes at most ${most} classes, and there are ${classes}; use the prior gaussian.`,
    );
  if (labeling.length !== classes * sizeOf(shape))
    throw new LeakageError(
      "spec",
      `The prior gaussian-cone needs a labeling of ${classes} × ${sizeOf(shape)} numbers; got ${labeling.length}.`,
    );
  const cones = known.get(labeling) ?? conesOf(labeling, classes);
  known.set(labeling, cones);
  return cones;
}

/**
 * The law of vectors x ~ N(0, I) given their label y = argmax W x: log p(x | y) = Σ log N(xᵢ; 0, 1) −
 * log P(y) in the cone {x : (W_y − W_j)·x ≥ 0 for all j}, and −∞ outside. The logarithm is without
 * log P(y), which depends on the label alone. W comes from the data. Labels that are searched count
 * as their likeliest class.
 *
 * The densest point of this law is 0, the tip of all cones, and hardly any vector lies near it. So a
 * search for a point climbs the law seen through noise on the faces: if the update says nothing, its
 * answer is then about the mean of the class.
 */
export const gaussianCone = part({
  kind: "gaussian-cone",
  doc: "Every entry is normal, in the cone where argmax W x is the label. W is that of the data set.",
  params: {
    softness: z
      .number()
      .positive()
      .default(0.8)
      .describe(
        "The deviation of the noise through which a search for a point sees the faces of the cone. Small values let it run into the tip.",
      ),
  },
  build: ({ softness }, context?: PriorContext): Prior => {
    const labeling = context?.examples?.labeling;
    if (!labeling)
      throw new LeakageError(
        "spec",
        "The prior gaussian-cone needs data whose labels are known to be argmax W x, as those of the data set gaussian are; use another prior.",
      );
    const plain = alike(normal, 0, 1, "pixel");
    const supportOf = (model: Model) => {
      const cones = fittingCones(labeling, model);
      const { mean, std } = perChannel(model);
      type Row = { readonly x: Tensor; readonly y: Tensor };
      const eachRow = ({ x, y }: Batch, of: (y: Tensor, x: Tensor) => Tensor): Tensor =>
        vmap((row: Row) => of(row.y.argmax().oneHot(model.classes), row.x))({
          x: inSpace(x, "pixel", model).reshape([x.shape[0]!, -1]),
          y,
        });
      const support: Support = {
        project: (batch) =>
          eachRow(batch, (y, x) => projectOntoCone(cones, y, x))
            .reshape(batch.x.shape)
            .sub(mean)
            .div(std),
        contains: (batch) =>
          eachRow(batch, (y, x) => inCone(cones, y, x).toFloat())
            .sum()
            .greaterEqual(batch.x.shape[0]!),
      };
      return { support, cones, eachRow };
    };
    return {
      usesLabels: true,
      support: ({ model }) => supportOf(model).support,
      softened: (client) => {
        const { kernel } = densityOf(plain, client);
        const { eachRow, cones } = supportOf(client.model);
        return (batch) => kernel!(batch).add(eachRow(batch, (y, x) => logInsideThroughNoise(cones, y, x, softness)).sum());
      },
      density: (client) => {
        const { contains } = supportOf(client.model).support;
        const { logProb, kernel } = densityOf(plain, client);
        return {
          logProb: (batch) => logProb(batch).add(where(contains(batch), 0, Number.NEGATIVE_INFINITY)),
          kernel: (batch) => kernel!(batch).add(where(contains(batch), 0, Number.NEGATIVE_INFINITY)),
        };
      },
    };
  },
});
