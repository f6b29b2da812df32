import { expect, test, vi } from 'vitest';
import { password } from '../app.ts';
import { renewing } from '../rotating.ts';
import { memoryShelf, refusal, sharing } from '../sharing.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

// A sharer replaces her keys while her shares are open.
const here = sharing();

test('a browser that was approved before goes on, and one that waits keeps the old keys until it is approved or ends', async () => {
	const maya = await renewing(here.maya);
	const [shelf, other] = [memoryShelf(), memoryShelf()];
	const share = () => here.share({ way: 'device' });
	const [approved, waiting, ended] = [await share(), await share(), await share()];
	const visit = await here.proven(approved.id, shelf);
	await visit.askWithDevice();
	const opened = await here.opened();
	await here.sharer.approveDevice(opened, await here.shown(approved.id), { compared: true });
	const early = await here.proven(waiting.id, other);
	await early.askWithDevice();

	await maya.account.prove({ password });
	const prepared = await maya.prepareKeys('a-lantern-for-the-stairs');
	expect(await maya.useKeys(prepared)).toBe('renewed');
	// With the key that she had when she approved it.
	const again = await here.proven(approved.id, shelf);
	expect((await again.askWithDevice()).approved).toBe(true);
	expect((await again.openWithDevice()).checked).toBe('Rosa Whitfield');
	// One that is made with the new keys needs no old ones.
	await share();
	expect(await maya.regive(() => {})).toMatchObject({ shares: 2 });
	expect(maya.account.former).toHaveLength(1);

	await here.sharer.endShare(ended.id);
	// Its digits were those of the old keys: it asks once more.
	const late = await here.proven(waiting.id, other);
	const { digits } = await late.askWithDevice();
	const shown = await here.shown(waiting.id);
	expect(await here.sharer.digitsOf(shown)).toBe(digits);
	await here.sharer.approveDevice(await here.opened(), shown, { compared: true });
	expect(await refusal(early.openWithDevice())).toBe('bad-signature');
	expect((await late.openWithDevice()).checked).toBe('Rosa Whitfield');
	expect(await maya.regive(() => {})).toMatchObject({ shares: 0 });
});
