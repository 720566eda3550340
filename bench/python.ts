import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LeakageError } from "../src/errors.ts";

/** Tried in this order: the newest JAX wants at least 3.12. */
const candidates = ["python3.13", "python3.12", "python3", "python"];

const versionsOf = (python: string): string | null => {
  const script =
    "import sys, torch, jax, numpy; print(f'Python {sys.version.split()[0]}, torch {torch.__version__}, jax {jax.__version__}, numpy {numpy.__version__}')";
  const { status, stdout } = spawnSync(python, ["-c", script], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : null;
};

function run(file: string, args: readonly string[]): void {
  const { status, error } = spawnSync(file, args, { stdio: ["ignore", 2, 2] });
  if (status !== 0)
    throw new LeakageError("fetch", `${file} ${args.join(" ")} failed${error ? `: ${error.message}` : ` with code ${status}`}.`);
}

/**
 * A Python that has the peers: the one that GRADLEAK_BENCH_PYTHON names, else that of a virtual
 * environment under `folder`, which is made where it is missing or has other versions than
 * peers/requirements.txt.
 */
export function findPython(folder: string): { readonly python: string; readonly versions: string } {
  const named = process.env.GRADLEAK_BENCH_PYTHON;
  const python = named ?? makeEnvironment(folder);
  const versions = versionsOf(python);
  if (versions) return { python, versions };
  throw new LeakageError("fetch", `${named ? `GRADLEAK_BENCH_PYTHON names ${named}, which` : python} cannot import torch, jax and numpy.`);
}

function makeEnvironment(folder: string): string {
  const environment = join(folder, ".venv");
  const requirements = join(folder, "peers", "requirements.txt");
  const python = join(environment, ...(process.platform === "win32" ? ["Scripts", "python.exe"] : ["bin", "python"]));
  // Written last, so that an interrupted installation begins again.
  const installed = join(environment, "requirements.txt");
  const wanted = readFileSync(requirements, "utf8");
  if (existsSync(installed) && readFileSync(installed, "utf8") === wanted) return python;
  const base = candidates.find((name) => spawnSync(name, ["-c", "import venv, sys; sys.exit(sys.version_info < (3, 11))"]).status === 0);
  if (!base) throw new LeakageError("fetch", `--peers needs Python 3.11 or later with venv; none of ${candidates.join(", ")} is one.`);
  console.error(`Installing PyTorch and JAX into ${environment} (once, several gigabytes) …`);
  run(base, ["-m", "venv", "--clear", environment]);
  run(python, ["-m", "pip", "install", "--quiet", "-r", requirements]);
  writeFileSync(installed, wanted);
  return python;
}
