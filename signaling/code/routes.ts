import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { bodyOf, parse, stored } from '../parse.ts';
import { CodeQuestion, type CodeReply, type CodeRoute, NewCodeTry } from '../protocol/code.ts';
import type { ClientMessage } from '../protocol/socket.ts';
import { Id, PublicIdentity } from '../protocol/text.ts';
import type { Connection } from '../room/connection.ts';
import type { Change } from '../room/turns.ts';
import type { Store, StoreTransaction } from '../store/database.ts';

const Params = v.object({ try: Id });
type Message<Type extends ClientMessage['type']> = Extract<ClientMessage, { type: Type }>;

/** The session of a place and its host. */
async function placeOf(db: Store | StoreTransaction, place: string) {
	return db
		.selectFrom('places')
		.innerJoin('sessions', 'sessions.id', 'places.session')
		.innerJoin('members', 'members.id', 'sessions.host')
		.select(['places.session', 'sessions.host', 'sessions.state', 'members.public_identity'])
		.where('places.id', '=', place)
		.executeTakeFirst();
}

/** Host: people may try the code of a place. Throws `forbidden`, `not-found`, `session-ended`, and as `Codes.show`. */
export async function showCode(
	context: Context,
	change: Change,
	connection: Connection,
	message: Message<'code'>,
): Promise<void> {
	const { principal } = connection;
	if (principal?.kind !== 'member' || !principal.staff) throw new ServerError('forbidden');
	const row = await placeOf(change.db, message.place);
	if (!row || row.session !== message.session) throw new ServerError('not-found');
	if (row.host !== principal.member) throw new ServerError('forbidden');
	if (row.state === 'ended') throw new ServerError('session-ended');
	const nameplate = context.codes.show(message, { member: principal.member, connection });
	if (message.nameplate === null) {
		const { place: who, session } = message;
		await context.history.add(change.db, { act: 'code-shown', who, session });
	}
	change.onCommit(() => connection.send({ type: 'code', id: message.id, nameplate }));
}

/** Host: closes a code, or answers a try of one. Throws as `Codes`. */
export async function answerCode(
	{ codes }: Context,
	change: Change,
	connection: Connection,
	message: Message<'code-close' | 'code-answer'>,
): Promise<void> {
	const { principal } = connection;
	if (principal?.kind !== 'member' || !principal.staff) throw new ServerError('forbidden');
	if (message.type === 'code-close') codes.end(message.nameplate, principal.member);
	else codes.answer(message.try, message.reply, connection);
	change.onCommit(() => connection.send({ type: 'done', id: message.id }));
}

/** What becomes of codes stands in the history of their sessions: that it was tried, never with what. */
function writeResults({ codes, history, store, log }: Context): void {
	codes.onresult = ({ place: who, session }, result) => {
		const written = history.add(store, { act: `code-${result}`, who, session });
		written.catch((error: unknown) => log.failure('code', error));
	};
}

/** /api/codes/tries: what somebody uses who has nothing but a code. */
export function codeRoutes(app: FastifyInstance, context: Context): void {
	const { codes, store } = context;
	writeResults(context);
	app.addHook('onClose', async () => codes.close());
	app.post('/codes/tries', async (request): Promise<CodeRoute> => {
		const { nameplate } = bodyOf(NewCodeTry, request);
		const plate = codes.route(nameplate, request.ip);
		if (typeof plate === 'number') return { state: 'rest', seconds: plate };
		if (!plate) return { state: 'unknown' };
		const row = await placeOf(store, plate.place);
		if (plate.dead || !row || row.state === 'ended') return { state: 'dead' };
		if (codes.expired(plate)) return { state: 'expired' };
		if (!plate.connection?.open) return { state: 'away', place: plate.place };
		const host = stored(PublicIdentity, row.public_identity);
		const name = codes.begin(plate, request.ip);
		if (name === undefined) return { state: 'dead' };
		return { state: 'open', try: name, nonce: plate.nonce, host };
	});
	app.post('/codes/tries/:try', async (request): Promise<CodeReply> => {
		const { try: name } = parse(Params, request.params);
		return codes.ask(name, bodyOf(CodeQuestion, request));
	});
}
