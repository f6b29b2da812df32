import type { Aids } from './aids.svelte.ts';
import { type Command, nextMark, nextSpeed } from './keymap.ts';

function toMark({ player, marks }: Aids, forward: boolean): void {
	const times = marks.map(({ atMs }) => atMs);
	const atMs = nextMark(times, { atMs: player.positionMs, forward });
	if (atMs !== undefined) void player.seek(atMs);
}

/** Does what a key wants of the player; notes and help are the page's. */
export function obey(command: Command, aids: Aids): void {
	const { player } = aids;
	switch (command.do) {
		case 'toggle':
			return void player.toggle();
		case 'step':
			return void player.step(command.byMs);
		case 'go':
			return void player.seek(command.to * player.durationMs);
		case 'previous-frame':
		case 'next-frame':
			return void aids.frames.step(command.do === 'next-frame');
		case 'slower':
		case 'faster':
			return player.setSpeed(nextSpeed(player.speed, command.do === 'faster'));
		case 'previous-mark':
		case 'next-mark':
			return toMark(aids, command.do === 'next-mark');
		case 'silence':
			// What nobody sees a switch for is not switched.
			aids.skipsSilence = !aids.skipsSilence && aids.silences.length > 0;
			return;
		case 'captions':
			aids.showsCaptions = !aids.showsCaptions;
			return;
		case 'note':
		case 'help':
	}
}
