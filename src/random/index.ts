export { type Filler, fillBernoulli, fillLaplace, fillNormal, fillTruncatedNormal, fillUniform, fillUnitBall } from "./fill.ts";
export { Key } from "./key.ts";
export { shuffled } from "./shuffled.ts";
export { type Stream, stream, streams } from "./streams.ts";
export { foldIn, type KeyBits, keyFromSeed, randomBits, split } from "./threefry.ts";
