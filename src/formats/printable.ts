/**
 * Makes text from a file safe to print. Control characters, which a terminal might obey, are
 * written as \u{…}.
 */
export const printable = (text: string): string => text.replace(/\p{C}/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
