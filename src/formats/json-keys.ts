/**
 * The keys of the outermost object of a valid JSON text, in text order and with repetitions.
 * JSON.parse loses both.
 */
export function topLevelKeys(text: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  let expectsKey = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (character === '"') {
      const begin = i++;
      while (text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
      if (expectsKey && depth === 1) {
        keys.push(JSON.parse(text.slice(begin, i + 1)));
        expectsKey = false;
      }
    } else if (character === "{" || character === "[") {
      depth++;
      expectsKey = character === "{";
    } else if (character === "}" || character === "]") depth--;
    else if (character === "," && depth === 1) expectsKey = true;
  }
  return keys;
}
