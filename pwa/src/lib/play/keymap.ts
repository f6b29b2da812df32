/** What a key does with the player. */
export type Command =
	| { readonly do: 'toggle' | 'previous-frame' | 'next-frame' | 'silence' | 'captions' | 'help' }
	| { readonly do: 'slower' | 'faster' | 'note' | 'previous-mark' | 'next-mark' }
	| { readonly do: 'step'; readonly byMs: number }
	/** To this part of the whole, from 0 to 1. */
	| { readonly do: 'go'; readonly to: number };

interface Pressed {
	readonly key: string;
	readonly shiftKey: boolean;
	readonly altKey: boolean;
	readonly ctrlKey: boolean;
	readonly metaKey: boolean;
}

const stepMs = 5_000;
const longStepMs = 10_000;
const farMs = 60_000;

/** Keys that write no letter: they hold also when single letters are switched off. */
const always = new Map<string, Command>([
	[' ', { do: 'toggle' }],
	['ArrowRight', { do: 'step', byMs: stepMs }],
	['ArrowLeft', { do: 'step', byMs: -stepMs }],
	['Home', { do: 'go', to: 0 }],
	['End', { do: 'go', to: 1 }],
]);

const shifted = new Map<string, Command>([
	['ArrowRight', { do: 'step', byMs: farMs }],
	['ArrowLeft', { do: 'step', byMs: -farMs }],
]);

const letters = new Map<string, Command>([
	['k', { do: 'toggle' }],
	['j', { do: 'step', byMs: -longStepMs }],
	['l', { do: 'step', byMs: longStepMs }],
	[',', { do: 'previous-frame' }],
	['.', { do: 'next-frame' }],
	['<', { do: 'slower' }],
	['>', { do: 'faster' }],
	['[', { do: 'previous-mark' }],
	[']', { do: 'next-mark' }],
	['s', { do: 'silence' }],
	['c', { do: 'captions' }],
	['n', { do: 'note' }],
	['?', { do: 'help' }],
]);

/**
 * What a key means to the player, or undefined where it is none of its keys. `single` = whether letters, digits and
 * signs count, which whoever dictates can switch off (WCAG 2.2, 2.1.4).
 */
export function commandOf(event: Pressed, options: { single: boolean }): Command | undefined {
	const { key, shiftKey, altKey, ctrlKey, metaKey } = event;
	if (altKey || ctrlKey || metaKey) return undefined;
	if (shiftKey && shifted.has(key)) return shifted.get(key);
	const command = shiftKey ? undefined : always.get(key);
	if (command || !options.single) return command;
	if (/^\d$/.test(key)) return { do: 'go', to: Number(key) / 10 };
	return letters.get(key) ?? letters.get(key.toLowerCase());
}

const speedsInOrder = [0.5, 0.75, 1, 1.25, 1.5, 2];

/** Speeds to choose from. */
export const speeds: readonly number[] = speedsInOrder;

/** The next speed up or down; the same at the ends. */
export function nextSpeed(speed: number, faster: boolean): number {
	const beyond = faster
		? speedsInOrder.find((one) => one > speed)
		: speedsInOrder.findLast((one) => one < speed);
	return beyond ?? speed;
}

/** The mark before or behind a place; a mark just passed counts as the present one. */
export function nextMark(
	marks: readonly number[],
	options: { atMs: number; forward: boolean },
): number | undefined {
	const { atMs, forward } = options;
	const sorted = marks.toSorted((a, b) => a - b);
	if (forward) return sorted.find((mark) => mark > atMs + 50);
	return sorted.findLast((mark) => mark < atMs - 1_500);
}
