/** What a spreadsheet reads as the beginning of a formula, also in full width and after white space. */
const formula = /^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/;

/**
 * One cell (RFC 4180 §2): always quoted. What a spreadsheet would run as a formula gets an apostrophe in
 * front, because names are chosen by people.
 */
function cell(text: string): string {
	const safe = formula.test(text) ? `'${text}` : text;
	return `"${safe.replaceAll('"', '""')}"`;
}

/** A table as CSV (RFC 4180) in UTF-8 with a mark at the start, without which Excel reads it as Latin-1. */
export function csvOf(rows: readonly (readonly string[])[]): string {
	return `\uFEFF${rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('')}`;
}
