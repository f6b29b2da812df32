import { expect, test } from 'vitest';
import { toLinkSecret } from '#crypto/proof/proof.ts';
import { ownMail } from '#lib/post/own.ts';

type Session = Parameters<typeof ownMail>[0];
type Place = Parameters<typeof ownMail>[1];

const place: Place = {
	id: 'AAAAAAAAAAAAAAAAAAAAAA',
	name: 'Dana Whitfield',
	email: 'dana+visits@patients.example',
	timeZone: 'America/New_York',
	secret: toLinkSecret(new Uint8Array(16)),
};

const session = (notice: Session['notice']): Session => ({
	id: 'BBBBBBBBBBBBBBBBBBBBBA',
	host: 'CCCCCCCCCCCCCCCCCCCCCA',
	startsAt: Date.UTC(2026, 10, 25, 20, 30),
	minutes: 50,
	state: 'planned',
	endedAt: null,
	cancelled: false,
	notice,
	signedNotice: null,
	hostIs: 'here',
	author: { id: 'host', former: false },
	places: [place],
});

const link = 'https://visit.example.org/j/AAAAAAAAAAAAAAAAAAAAAA#secret-and-fingerprint';

function parse(href: string) {
	const [, to = '', query = ''] = /^mailto:([^?]*)\?(.*)$/.exec(href) ?? [];
	// A plus sign is a plus sign here (RFC 6068 §5).
	const fields = new URLSearchParams(query.replaceAll('+', '%2B'));
	return {
		to: decodeURIComponent(to),
		subject: fields.get('subject') ?? '',
		body: fields.get('body') ?? '',
	};
}

test('a mail of one’s own carries the whole notice of a recorded session, and the private link', () => {
	const notice = {
		session: 'BBBBBBBBBBBBBBBBBBBBBA',
		practice: 'Alder Street Counseling',
		host: 'Dr. Maya Okafor',
		hostKey: new Uint8Array(32),
		purpose: 'Supervision & more?',
		recorder: 'device',
		openers: 'Dr. Maya Okafor and the administrators',
		keptUntil: Date.UTC(2028, 0, 31, 12),
	} as const;
	const { to, subject, body } = parse(ownMail(session(notice), place, link));
	expect(to).toBe('dana+visits@patients.example');
	expect(subject).toMatch(/Your video session.*3:30\sPM/);
	expect(body.split('\r\n')).toContain(link);
	expect(body).toContain('Hello Dana Whitfield,');
	for (const word of ['This session will be recorded', notice.practice, notice.host])
		expect(body).toContain(word);
	for (const word of [notice.purpose, notice.openers, 'January 31, 2028'])
		expect(body).toContain(word);
	expect(body.replaceAll('\r\n', '')).not.toContain('\n');
});

test('a session that is not recorded: nothing of recording; without an address the mail is open', () => {
	const { email: _, ...nameless } = place;
	const { to, body } = parse(ownMail(session(null), nameless, link));
	expect(to).toBe('');
	expect(body).not.toMatch(/record/i);
	expect(body).toContain(link);
});
