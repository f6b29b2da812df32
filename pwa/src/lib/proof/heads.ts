import * as v from 'valibot';
import type { Head } from '#crypto/log/head.ts';
import { db } from '#lib/db/db.ts';
import { Id } from '#protocol/text.ts';
import { KeptHead } from './head.ts';

const Row = v.strictObject({ practice: Id, head: KeptHead });

/** The last head of a practice's history that this browser saw; a row that makes no sense is none. */
export async function rememberedHead(practice: string): Promise<Head | undefined> {
	const row = v.safeParse(Row, await db.heads.get(practice));
	return row.success ? row.output.head : undefined;
}

/** Remembers a head; it stays when somebody signs out, for it says nothing of her. */
export async function rememberHead(practice: string, head: Head): Promise<void> {
	await db.heads.put({ practice, head });
}
