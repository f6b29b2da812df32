import { afterAll, beforeAll, beforeEach, vi } from 'vitest';
import { type App, found } from './app.ts';
import type { Practice } from './invited.ts';
import { type LocalServer, TestClock, localPractice, localServer } from './local.ts';
import { type Gateway, type Mailbox, openGateway, openMailbox } from './post.ts';

/** A practice whose first admin uses the app; for all tests of a file, and there while they run. */
export class Founded {
	local!: LocalServer;
	maya!: App;
}

/** Founds a practice before the tests of this file, and ends its server after them. */
export function founded(): Founded {
	const here = new Founded();
	beforeAll(async () => {
		here.local = await localServer({ clock: new TestClock(Date.now()) });
		here.maya = await found(here.local);
	});
	afterAll(async () => {
		vi.unstubAllGlobals();
		await here.local?.stop();
	});
	return here;
}

/** A practice that sends mail to a real mail server and text messages to a gateway. */
export class Posting {
	local!: Practice;
	mailbox!: Mailbox;
	gateway!: Gateway;
}

/** Opens them before the tests of this file; before each of them nothing has arrived and Maya is signed in. */
export function posting(): Posting {
	const here = new Posting();
	beforeAll(async () => {
		[here.mailbox, here.gateway] = await Promise.all([openMailbox(), openGateway()]);
		here.local = await localPractice({
			env: {
				SMTP_URL: here.mailbox.url,
				MAIL_FROM: 'visits@riverside.example',
				SMS_URL: `${here.gateway.address}/send?to={to}&text={text}`,
			},
		});
	});
	afterAll(async () => {
		await here.local?.stop();
		await Promise.all([here.mailbox?.close(), here.gateway?.close()]);
	});
	beforeEach(async () => {
		here.mailbox.received.length = 0;
		here.gateway.received.length = 0;
		await here.local.maya.unlock();
	});
	return here;
}
