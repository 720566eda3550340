export { type Classifying, openClassifying } from "./accuracy.ts";
export {
  type ClientState,
  type Federation,
  initialTraining,
  type Protocol,
  type StatisticsRule,
  type TrainingState,
} from "./federation.ts";
export { type Divided, type Dividing, divide, type Partition, partitions } from "./partition.ts";
export { type Length, type Schedule, schedules } from "./schedules.ts";
export { type Outcome, openTraining, roundsTaken, type Training } from "./training.ts";
