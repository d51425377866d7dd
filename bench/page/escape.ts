/** Escapes text from outside, mostly node ids, for its place in the page. */

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Escapes for text and for quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

/** JSON for a script element. It can neither end the element nor open a comment. */
export function jsonForScript(value: unknown): string {
  return JSON.stringify(value).replace(/</g, '\\u003c');
}

/** The same for a program, in which only strings and regular expressions can hold such words. */
export function programForScript(program: string): string {
  return program.replace(/<(?=\/script|!--|script)/gi, '\\x3c');
}

/** A style sheet for a style element. A legal style sheet never needs these words. */
export function styleForPage(style: string): string {
  return style.replace(/<(?=\/style)/gi, '\\3c ');
}
