import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { attacks } from "../../src/attacks/index.ts";
import { defenses } from "../../src/defenses/index.ts";
import { models } from "../../src/models/index.ts";
import { priors } from "../../src/priors/index.ts";

// The pages of the repository: what they link to, name and ask to be typed exists.

const root = resolve(import.meta.dirname, "../..");
const read = (page: string): string => readFileSync(join(root, page), "utf8");
const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"));
const pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...docs.map((name) => `docs/${name.replaceAll("\\", "/")}`)];

/** The anchor that GitHub gives a heading. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");

const anchorsOf = (page: string): readonly string[] => [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchor(heading!));

/** Links of a page that lead nowhere. */
const brokenLinks = (page: string): readonly string[] =>
  [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link]) => {
    if (/^[a-z]+:/.test(link!)) return [];
    const [path, heading] = link!.split("#") as [string, string | undefined];
    const target = path === "" ? page : join(dirname(page), path);
    return existsSync(join(root, target)) && (heading === undefined || anchorsOf(target).includes(heading)) ? [] : [link!];
  });

/**
 * The commands of a page's shell blocks, in words; lines that end in a backslash go on, and a #
 * begins a comment.
 */
const commandsOf = (page: string): readonly (readonly string[])[] =>
  [...read(page).matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block]) =>
    block!
      .replaceAll("\\\n", " ")
      .split(/\n|&&/)
      .map((line) => [...line.replace(/\s#.*$|^#.*$/, "").matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => (quoted ?? word)!))
      .filter((words) => words.length > 0),
  );

/**
 * What a command of the command line, which `npm test` builds, answers to --help; nothing where
 * there is no such command.
 */
const helpOf = (command: string): Promise<string> =>
  new Promise((tell) => {
    const words = [join(root, "dist/cli/main.js"), ...command.split(" "), "--help"];
    execFile(process.execPath, words, (error, out) => tell(error ? "" : out));
  });

const catalogues: Readonly<Record<string, { parse(text: string): unknown }>> = {
  "--attack": attacks,
  "--defense": defenses,
  "--model": models,
  "--prior": priors,
};

/**
 * The command of some words: all before the first option, without the arguments of those that take
 * one.
 */
function commandOf(words: readonly string[]): string {
  const first = words.findIndex((word) => word.startsWith("--"));
  const named = first < 0 ? words : words.slice(0, first);
  return named.slice(0, { list: 1, run: 1, data: 2 }[named[0]!] ?? named.length).join(" ");
}

/**
 * Reads the parts among the words of a command, each by the catalogue of its option. Throws where
 * one is none.
 */
function readParts(words: readonly string[]): void {
  let option = "";
  for (const word of words)
    if (word.startsWith("--")) option = word;
    else catalogues[option]?.parse(word);
}

describe("the pages", () => {
  it.each(pages)("%s links to files and headings that exist", (page) => {
    expect(brokenLinks(page)).toEqual([]);
  });

  it("name tests that exist", () => {
    const kinds = /`(?:test\/)?((?:browser|contracts|golden|known|laws|quality|real|reference)\/[\w-]+)(?:\.test\.ts)?`/g;
    const named = [...read("docs/paper.md").matchAll(kinds)].map(([, name]) => `test/${name}.test.ts`);
    expect(named.length).toBeGreaterThan(30);
    const paths = pages.flatMap((page) => [...read(page).matchAll(/`(test\/[\w./-]+)`/g)].map(([, path]) => path!));
    expect([...named, ...paths].filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it("have commands of gradleak with options and parts that exist", async () => {
    const commands = pages.flatMap(commandsOf).flatMap(([program, ...words]) => (program === "gradleak" ? [words] : []));
    expect(commands.length).toBeGreaterThan(10);
    const names = [...new Set(commands.map(commandOf))];
    const helps = new Map(await Promise.all(names.map(async (name) => [name, await helpOf(name)] as const)));
    for (const words of commands) {
      readParts(words);
      const help = helps.get(commandOf(words))!;
      expect(help, `gradleak ${words.join(" ")}`).toContain(`Usage: gradleak ${commandOf(words)} `);
      const options = help.match(/--[\w-]+/g);
      for (const option of words.filter((word) => word.startsWith("--"))) expect(options, words.join(" ")).toContain(option);
    }
  }, 120_000);

  it("have scripts of npm that exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const asked = pages.flatMap((page) => [...read(page).matchAll(/npm run ([\w:-]+)/g)].map(([, script]) => script!));
    expect(asked.filter((script) => !(script in scripts))).toEqual([]);
  });
});
