/** Text from outside, node ids above all, made harmless for where it is put into the page. */

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** For text and for quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

/** JSON inside a script element: nothing in it ends the element or opens a comment. */
export function jsonForScript(value: unknown): string {
  return JSON.stringify(value).replace(/</g, '\\u003c');
}

/** The same for a program; only in strings and regular expressions can one hold such words. */
export function programForScript(program: string): string {
  return program.replace(/<(?=\/script|!--|script)/gi, '\\x3c');
}

/** A file of styles has no use for these words. */
export function styleForPage(style: string): string {
  return style.replace(/<(?=\/style)/gi, '\\3c ');
}
