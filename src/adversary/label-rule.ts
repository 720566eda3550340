/**
 * How labels are read off the gradient of the classifier head, the dense layer that makes the
 * logits. For one image that gradient is (a(x) − y) φ(x)ᵀ, with a(x) = softmax(z) for cross-entropy
 * and φ = 1 for the bias; for a batch it is the mean over its images. So the bias tells the mean of
 * a(x) − y exactly. Without a bias, weights tell it where φ, the input of the layer, is not
 * negative.
 *
 * * `sign`, for one image: only the true class has a negative entry (Zhao et al. 2020, iDLG).
 * * `distinct`, for images of different classes: the B classes with the most negative entries, next
 *   to what the network predicts (Yin et al. 2021, GradInversion).
 * * `counts`, for any batch: the counts n whose residual (1/B) Σ_k n_k (a_k − e_k) points where the
 *   observed one does (Wainakh et al. 2022, LLG; Geng et al. 2021). a_k is what the network itself
 *   predicts on average for images of class k.
 */
export const labelRules = ["sign", "distinct", "counts"] as const;
export type LabelRule = (typeof labelRules)[number];

/** The rule for a batch: the one that is stated, else the one that a method or the batch needs. */
export const labelRuleFor = (batchSize: number, stated?: LabelRule, own?: LabelRule): LabelRule =>
  stated ?? (batchSize === 1 ? "sign" : (own ?? "counts"));
