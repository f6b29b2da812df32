import type { FastifyRequest } from 'fastify';
import { ServerError } from './errors.ts';
import type { Role } from './protocol/account.ts';
import type { ClientMessage } from './protocol/socket.ts';
import type { Principal } from './room/connection.ts';

/**
 * Who may ask: `open` = anybody (the route itself checks what it is given), `participant` = who holds a
 * place's token, `anybody` = with a token of either kind, `everyone` = these and a paired extension, `presence` = a paired browser extension,
 * `share` = who passed the code of one share, `listening`
 * = such an extension or clinicians, otherwise staff of these roles. What a route then
 * answers also depends on whose session or recording it is.
 */
export type Rule =
	| 'open'
	| 'participant'
	| 'share'
	| 'anybody'
	| 'everyone'
	| 'presence'
	| 'listening'
	| readonly Role[];

const admins: readonly Role[] = ['admin'];
const clinical: readonly Role[] = ['admin', 'supervisor', 'clinician'];
const scheduling: readonly Role[] = [...clinical, 'scheduler'];
/** A participant with an account opens what was granted to her, as staff do. */
const opening: readonly Role[] = [...clinical, 'participant-only'];
const everyMember: readonly Role[] = [...scheduling, 'participant-only', 'station'];

/** Every route below /api. A route that is not here fails a test, and is for clinicians until then. */
export const rules: Readonly<Record<string, Rule>> = {
	'GET /api/config': 'open',
	'POST /api/setup/start': 'open',
	'POST /api/setup/finish': 'open',
	'POST /api/login/start': 'open',
	'POST /api/login/finish': 'open',
	'POST /api/recovery/start': 'open',
	'POST /api/recovery/finish': 'open',
	'POST /api/device/challenge': 'open',
	'POST /api/device/token': 'open',
	'POST /api/invitations/:id/look': 'open',
	'POST /api/invitations/:id/start': 'open',
	'POST /api/invitations/:id/finish': 'open',
	'GET /api/places/:place': 'open',
	'POST /api/places/:place/claims': 'open',
	'POST /api/codes/tries': 'open',
	'POST /api/places/:place/requests': 'open',
	'POST /api/places/:place/requests/challenge': 'open',
	'POST /api/places/:place/requests/look': 'open',
	'POST /api/places/:place/requests/:id/withdraw': 'open',
	'POST /api/codes/tries/:try': 'open',
	'POST /api/deletion-requests': 'participant',
	'GET /api/ice': 'anybody',
	'POST /api/passkey/start': 'open',
	'POST /api/passkey/finish': 'open',
	'POST /api/browsers': 'open',
	'POST /api/browsers/:id/look': 'open',
	'POST /api/browsers/:id/show': 'open',
	'POST /api/browsers/:id/enter': 'open',
	'POST /api/browsers/:id/cancel': 'open',
	'POST /api/account/browsers': everyMember,
	'POST /api/account/browsers/:id/meet': everyMember,
	'GET /api/account/browsers/:id': everyMember,
	'POST /api/account/browsers/:id/let-in': everyMember,
	'DELETE /api/account/browsers/:id': everyMember,
	'PUT /api/account/unlockers': everyMember,
	'GET /api/account/devices': everyMember,
	'DELETE /api/account/devices/:id': everyMember,
	'GET /api/account/rotation': scheduling,
	'POST /api/account/rotation': scheduling,
	'DELETE /api/account/rotation': scheduling,
	'DELETE /api/account/former': scheduling,
	'GET /api/account/wishes': clinical,
	'PUT /api/account/wishes': clinical,
	'GET /api/me': everyMember,
	'GET /api/tombstones': everyMember,
	'POST /api/device/active': everyMember,
	'POST /api/device/lock': everyMember,
	'POST /api/device/sign-out': everyMember,
	'POST /api/password/start': everyMember,
	'POST /api/password/finish': everyMember,
	'PUT /api/account/practice': everyMember,
	'GET /api/practice/settings': everyMember,
	'PUT /api/practice/settings': admins,
	'GET /api/people': scheduling,
	'PUT /api/people/list': admins,
	'PUT /api/people/:id': admins,
	'POST /api/people/:id/rotation': admins,
	'POST /api/invitations': admins,
	'DELETE /api/invitations/:id': admins,
	'POST /api/invitations/:id/confirm': admins,
	'GET /api/sessions': scheduling,
	'POST /api/sessions': scheduling,
	'GET /api/sessions/:id': scheduling,
	'PATCH /api/sessions/:id': scheduling,
	'POST /api/sessions/:id/cancel': scheduling,
	'POST /api/sessions/:id/places': scheduling,
	'DELETE /api/sessions/:id/places/:place': scheduling,
	'GET /api/sessions/:id/history': scheduling,
	'GET /api/digest-pages/:hash': scheduling,
	'PUT /api/digest-pages/:hash': admins,
	'GET /api/history': scheduling,
	'GET /api/log/checkpoint': 'everyone',
	'GET /api/log/consistency': 'everyone',
	'GET /api/log/blocks/:block': scheduling,
	'GET /api/log/rows/:n/proof': scheduling,
	'GET /api/log/export': admins,
	'POST /api/log/erasable': admins,
	'POST /api/log/erasures': admins,
	'GET /api/log/erasures': scheduling,
	'POST /api/sessions/:id/end': clinical,
	'PUT /api/sessions/:id/contacts': scheduling,
	'PUT /api/contacts': scheduling,
	'POST /api/sessions/:id/places/:place/remind': scheduling,
	'GET /api/post': scheduling,
	'GET /api/outbox': admins,
	'GET /api/visits': ['participant-only'],
	'GET /api/recordings/:id/shares': clinical,
	'POST /api/recordings/:id/shares': clinical,
	'POST /api/recordings/:id/shares/start': clinical,
	'GET /api/shares/asking': clinical,
	'GET /api/shares/unapproved': clinical,
	'DELETE /api/shares/:id': clinical,
	'PUT /api/shares/:id/device': clinical,
	'DELETE /api/shares/:id/device': clinical,
	'GET /api/shares/:id': 'open',
	'POST /api/shares/:id/code': 'open',
	'POST /api/shares/:id/check': 'open',
	'POST /api/shares/:id/words': 'share',
	'POST /api/shares/:id/words/:try': 'share',
	'POST /api/shares/:id/open': 'share',
	'PUT /api/shares/:id/key': 'share',
	'GET /api/shares/:id/key': 'share',
	'GET /api/shares/:id/objects/:track/:part': 'share',
	'GET /api/visits/:place/requests': ['participant-only'],
	'POST /api/visits/:place/requests': ['participant-only'],
	'POST /api/visits/:place/requests/:id/withdraw': ['participant-only'],
	'GET /api/requests': clinical,
	'POST /api/requests': clinical,
	'POST /api/requests/:id/extend': clinical,
	'POST /api/requests/:id/close': clinical,
	'GET /api/disclosures': admins,
	'POST /api/recordings/:id/disclosures': clinical,
	'GET /api/recordings': opening,
	'GET /api/recordings/briefs': opening,
	'POST /api/recordings/rows': opening,
	'POST /api/recordings': clinical,
	'GET /api/recordings/:id': opening,
	'DELETE /api/recordings/:id': clinical,
	'GET /api/recordings/:id/history': clinical,
	'GET /api/recordings/:id/receipt': clinical,
	'DELETE /api/recordings/:id/grants/:recipient': clinical,
	'GET /api/openings': clinical,
	'POST /api/openings/:id/seen': clinical,
	'GET /api/recordings/:id/objects/:track/:part': opening,
	'PUT /api/recordings/:id/objects/:track/:part/:chunk': clinical,
	'POST /api/recordings/:id/alive': clinical,
	'POST /api/recordings/:id/checkpoints': clinical,
	'POST /api/recordings/:id/finish': clinical,
	'POST /api/recordings/:id/opened': opening,
	'POST /api/recordings/:id/played': opening,
	'POST /api/recordings/:id/grants': clinical,
	'PUT /api/recordings/:id/host': admins,
	'GET /api/recordings/:id/annotations/:kind': clinical,
	'PUT /api/recordings/:id/annotations/:kind': clinical,
	'GET /api/recordings/:id/retention': clinical,
	'PUT /api/recordings/:id/retention': clinical,
	'GET /api/retention': clinical,
	'GET /api/reviews': clinical,
	'GET /api/practice/retention': scheduling,
	'PUT /api/practice/retention': admins,
	'GET /api/practice/storage': admins,
	'PUT /api/practice/storage-price': admins,
	'GET /api/people/:id/grants': clinical,
	'PUT /api/copies/:recording': clinical,
	'DELETE /api/copies/:recording': clinical,
	'POST /api/copies': clinical,
	'POST /api/recordings/:id/tracks': clinical,
	'POST /api/recordings/:id/revisions': clinical,
	'GET /api/recordings/:id/revision': clinical,
	'POST /api/recordings/:id/revisions/:revision/finish': clinical,
	'DELETE /api/recordings/:id/revisions/:revision': clinical,
	'POST /api/recordings/:id/derivatives': clinical,
	'POST /api/recordings/:id/derivatives/:derivative/finish': clinical,
	'GET /api/presence/devices': clinical,
	'POST /api/presence/devices': clinical,
	'DELETE /api/presence/devices/:id': 'listening',
	'PUT /api/presence/names': clinical,
	'GET /api/presence/day': 'presence',
	'POST /api/presence/dismissed': 'listening',
};

/** The staff who may ask this; for a route that others use too, every member. */
function rolesFor(request: FastifyRequest): readonly Role[] {
	const method = request.method === 'HEAD' ? 'GET' : request.method;
	const rule = rules[`${method} ${request.routeOptions.url}`] ?? clinical;
	if (rule === 'listening') return clinical;
	return typeof rule === 'string' ? everyMember : rule;
}

/** Throws `forbidden` unless this role may ask this. */
export function checkRole(request: FastifyRequest, role: Role): void {
	if (!rolesFor(request).includes(role)) throw new ServerError('forbidden');
}

/**
 * Who may send a message over the socket: `open` = anybody, `clinical` = staff who hold sessions,
 * `participant` = who holds a place's token, `call` = either of these two. What is then done also depends on
 * the seat that is hers. The other members only listen.
 */
export type MessageRule = 'open' | 'clinical' | 'participant' | 'call';

/** Every message that a browser may send. */
export const messageRules: Readonly<Record<ClientMessage['type'], MessageRule>> = {
	hello: 'open',
	ping: 'open',
	ack: 'open',
	enter: 'clinical',
	remove: 'clinical',
	code: 'clinical',
	'code-close': 'clinical',
	'code-answer': 'clinical',
	knock: 'participant',
	leave: 'call',
	packages: 'call',
	take: 'call',
	epoch: 'call',
	applied: 'call',
	rejoin: 'call',
	relay: 'call',
	act: 'call',
};

/** Throws `token` before the `hello`, and `forbidden` unless this socket may send this. */
export function checkMessage(principal: Principal | undefined, type: ClientMessage['type']): void {
	const rule = messageRules[type];
	if (rule === 'open') return;
	if (!principal) throw new ServerError('token');
	const is = principal.kind === 'participant' ? 'participant' : principal.staff && 'clinical';
	if (is === false || (rule !== 'call' && rule !== is)) throw new ServerError('forbidden');
}
