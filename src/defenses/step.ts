import type { Batch, Client } from "../client/index.ts";
import type { Gradients, Shape, Tensor } from "../graph/index.ts";
import type { Key, KeyBits } from "../random/index.ts";
import type { Ats } from "./ats/policy.ts";
import { type Law, type UnknownLaw, unknownLaw } from "./law/law.ts";
import type { Published } from "./law/likelihood.ts";
import { type Privacy, postProcessing } from "./privacy.ts";

/** What a step remembers from one round to the next, by name. */
export type StepState = Readonly<Record<string, Tensor>>;

/** The circumstances in which a step acts on an update. */
export interface Moment {
  /** The client that computed the update, after all steps on the model. */
  readonly client: Client;
  /** The batch that the update belongs to, after all steps on images. */
  readonly batch: Batch;
  /** The key of this step's randomness. */
  readonly key: Key;
  /** The position of the step in the defense, counted from 0. It names what the step publishes. */
  readonly place: number;
  /** What the step remembers. It is present only for a step with {@link Step.initialState}. */
  readonly state?: StepState;
}

/** The result of a step on the update. */
export interface Acted {
  readonly update: Gradients;
  readonly published?: Published;
  /** What the step remembers for the next round. Without it, the state does not change. */
  readonly state?: StepState;
  /**
   * What the step did to this update: numbers by what they count, for results. No attacker sees
   * them.
   */
  readonly facts?: Readonly<Record<string, Tensor>>;
}

/**
 * One action of a defense. A step may act on images, on the model, on the update, or on several
 * of them. Of the methods only `law` is required.
 */
export interface Step {
  /** What the step does, in a few words, for reports and errors. */
  readonly name: string;
  /**
   * Changes the images of a batch before the client computes on them, as numbers in pixel space.
   *
   * @param images the images, each of the shape that `at` states.
   * @param at the shape, and the key of this step's randomness for this update.
   * @throws LeakageError `spec` for images that it cannot change.
   */
  onImages?(images: readonly Float32Array[], at: { readonly shape: Shape; readonly key: KeyBits }): readonly Float32Array[];
  /** The transformations of images that it draws from, for those who know the defense. */
  readonly ats?: Ats;
  /**
   * Changes the client. It may add a layer to the model, for example. The server knows the changed
   * client.
   */
  onClient?(client: Client): Client;
  /** Changes the update on its way out. */
  onUpdate?(update: Gradients, moment: Moment): Acted;
  /**
   * What the step remembers before the first round. A step that remembers nothing leaves it out.
   */
  initialState?(client: Client): StepState;
  /**
   * The law after this step, from the law before it. A step whose law nobody can write down returns
   * {@link UnknownLaw} with the reason.
   */
  law(before: Law, place: number): Law | UnknownLaw;
  /**
   * What the step makes of the differential privacy that the steps before it give: of none where
   * `before` is absent. A step that only processes the update on, and looks at nothing private, has
   * {@link postProcessing}. Without this method, a step that acts on the update is taken to look at
   * the batch, and nothing is guaranteed after it.
   */
  privacy?(before: Privacy | undefined): Privacy | undefined;
  /**
   * Whether `onImages` changes each example by itself, so that a private example stays one example.
   * Without it, a step on the batch is taken to mix examples, and nothing is guaranteed.
   */
  readonly eachExample?: true;
  /**
   * @throws LeakageError `spec` that names what does not fit: the client or the size of its batch.
   */
  check?(client: Pick<Client, "model" | "mode">, batchSize: number): void;
}

/**
 * A step without randomness, which makes the update a function of the bare gradient. The law is a
 * point mass at the value of that function, and stays known if noise follows. After noise, or after
 * a mask that is not published, the law is unknown.
 *
 * @param name what the step does, in a few words, for reports and errors.
 * @param change the function, written with differentiable operations.
 *
 * @example
 * ```ts
 * const signs: Defense = {
 *   steps: [deterministicStep("signs", (update) => update.map((entries) => entries.sign()))],
 * };
 * ```
 */
export const deterministicStep = (name: string, change: (update: Gradients) => Gradients): Step => ({
  name,
  onUpdate: (update) => ({ update: change(update) }),
  privacy: postProcessing,
  law: (before) => {
    if (before.noisy !== undefined)
      return unknownLaw(`${name} follows ${before.noisy}, and what it makes of noise has no density in closed form`);
    if (before.hidden) return unknownLaw(`${name} follows ${before.hidden.name}, and depends on the entries that were kept`);
    return {
      ...before,
      names: [...before.names, name],
      plain: false,
      aggregated: before.aggregated ?? name,
      signal: (client) => (batch, published, sent) => change(before.signal(client)(batch, published, sent)),
    };
  },
});

/**
 * A step that acts and says why its law is unknown. Attacks that assume the law of the defense
 * refuse it with the reason; attacks that bring their own likelihood can be run against it.
 *
 * @param reason follows "the law of this defense is not known:".
 *
 * @example
 * ```ts
 * const noisySigns = stepWithoutLaw(
 *   "signs of noisy entries",
 *   "the law of noisy signs has not been worked out",
 *   (update, { key }) => ({
 *     update: update.map((entries, name) => {
 *       const noise = key.foldIn(update.names.indexOf(name)).normal(entries.shape);
 *       return entries.add(noise.mul(0.01)).sign();
 *     }),
 *   }),
 * );
 * ```
 */
export const stepWithoutLaw = (name: string, reason: string, onUpdate: NonNullable<Step["onUpdate"]>): Step => ({
  name,
  onUpdate,
  law: () => unknownLaw(reason),
});
