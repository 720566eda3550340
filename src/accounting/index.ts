export { gaussianBallMass } from "./gaussian-ball.ts";
export { lossProfile } from "./privacy-loss.ts";
export { type RdpSpent, spentByRdp } from "./rdp.ts";
export { reconstructionBound } from "./reconstruction.ts";
export { requireDpDelta, type SampledGaussian } from "./sampled-gaussian.ts";
export { privacySpent, type Spent } from "./spent.ts";
export { normalCdf, normalQuantile } from "./standard-normal.ts";
