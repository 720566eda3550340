export {
  type ClientState,
  type Federation,
  initialTraining,
  type Protocol,
  type StatisticsRule,
  type TrainingState,
} from "./federation.ts";
export { openTraining, type RoundOutcome, type Training } from "./training.ts";
