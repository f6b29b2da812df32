import { sha256, utf8 } from '#crypto/bytes.ts';

/** What a copy's page says, in the language of whoever made it. */
export interface PageWords {
	readonly language: string;
	readonly title: string;
	/** Lines below the title: when, how long, what for, and that it plays without a network. */
	readonly lines: readonly string[];
	/** Shown in a frame of its own: what the law forbids whoever holds this copy. */
	readonly warning: string | undefined;
	readonly play: string;
	readonly pause: string;
	readonly position: string;
	readonly hear: (name: string) => string;
	readonly show: (name: string) => string;
	/** Names of the files beside it and what each is. */
	readonly files: string;
}

/** One person's video on the page. */
export interface PageMedia {
	readonly name: string;
	readonly file: string;
	readonly startMs: number;
	readonly durationMs: number;
}

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
.people { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); }
video { width: 100%; background: #000; aspect-ratio: 16 / 9; }
.bar { display: none; gap: 1rem; align-items: center; margin: 1rem 0; }
.together .bar { display: flex; }
.bar input { flex: 1; min-height: 44px; }
button { font: inherit; min-height: 44px; min-width: 6rem; }
label { display: inline-flex; gap: 0.4rem; align-items: center; min-height: 44px; margin-right: 1rem; }
.warning { border: 2px solid; padding: 0 1rem; }
`;

/** Plays everybody's video as one. It reads nothing but the page and asks nothing of any network. */
const script = `
const people = [...document.querySelectorAll('[data-start]')].map((box) => ({
	box,
	video: box.querySelector('video'),
	start: Number(box.dataset.start),
	end: Number(box.dataset.start) + Number(box.dataset.duration),
}));
const length = Math.max(0, ...people.map(({ end }) => end));
const button = document.querySelector('.bar button');
const slider = document.querySelector('.bar input');
let playing = false;
let at = 0;
let before = 0;
function place(seeking) {
	for (const { video, start, end } of people) {
		const inside = at >= start && at < end;
		const wanted = Math.min(Math.max(at - start, 0), end - start) / 1000;
		if (seeking || Math.abs(video.currentTime - wanted) > 0.3) video.currentTime = wanted;
		if (playing && inside && video.paused) video.play().catch(() => {});
		if ((!playing || !inside) && !video.paused) video.pause();
	}
	if (document.activeElement !== slider || playing) slider.value = String(at);
}
function set(on) {
	playing = on;
	before = performance.now();
	if (on && at >= length) at = 0;
	button.textContent = on ? button.dataset.pause : button.dataset.play;
	place(true);
}
setInterval(() => {
	if (!playing) return;
	const now = performance.now();
	const stuck = people.some(({ video, start, end }) => at >= start && at < end && video.readyState < 3);
	if (!stuck) at = Math.min(at + now - before, length);
	before = now;
	if (at >= length) return set(false);
	place(false);
}, 100);
button.addEventListener('click', () => set(!playing));
slider.max = String(length);
slider.addEventListener('input', () => { at = Number(slider.value); place(true); });
for (const { box, video } of people) {
	video.controls = false;
	const [hear, show] = box.querySelectorAll('input');
	hear.addEventListener('change', () => { video.muted = !hear.checked; });
	show.addEventListener('change', () => { video.style.visibility = show.checked ? '' : 'hidden'; });
}
document.body.classList.add('together');
`;

/** Text as HTML says it; names are chosen by people. */
function html(text: string): string {
	const named: Record<string, string> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot' };
	return text.replaceAll(/[&<>"]/g, (sign) => `&${named[sign]};`);
}

async function hashOf(text: string): Promise<string> {
	const digest = await sha256(utf8(text));
	return `'sha256-${btoa(String.fromCharCode(...digest))}'`;
}

function personHtml({ name, file, startMs, durationMs }: PageMedia, words: PageWords): string {
	return `<section data-start="${startMs}" data-duration="${durationMs}">
<h2>${html(name)}</h2>
<video controls preload="metadata" playsinline src="${html(file)}" aria-label="${html(name)}"></video>
<p><label><input type="checkbox" checked> ${html(words.hear(name))}</label><label><input type="checkbox" checked> ${html(words.show(name))}</label></p>
</section>`;
}

/**
 * A page that plays the files beside it from a folder, in any browser and without a network: its policy lets it ask
 * for nothing but media beside it, and run nothing but its own script. Without a script each video has its own controls.
 */
export async function pageOf(options: {
	words: PageWords;
	media: readonly PageMedia[];
	/** The other files of the copy, with what each is. */
	files: readonly { file: string; what: string }[];
}): Promise<string> {
	const { words, media, files } = options;
	const policy = [
		"default-src 'none'",
		"media-src 'self' file:",
		`script-src ${await hashOf(script)}`,
		`style-src ${await hashOf(style)}`,
		"base-uri 'none'",
		"form-action 'none'",
	].join('; ');
	const warning = words.warning && `<p class="warning">${html(words.warning)}</p>`;
	const listed = files.map(({ file, what }) => `<li><code>${html(file)}</code> ${html(what)}</li>`);
	return `<!doctype html>
<html lang="${html(words.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="content-security-policy" content="${policy}">
<meta name="viewport" content="width=device-width">
<meta name="referrer" content="no-referrer">
<title>${html(words.title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${html(words.title)}</h1>
${words.lines.map((line) => `<p>${html(line)}</p>`).join('\n')}
${warning ?? ''}
<div class="bar"><button type="button" data-play="${html(words.play)}" data-pause="${html(words.pause)}">${html(words.play)}</button><input type="range" min="0" value="0" step="100" aria-label="${html(words.position)}"></div>
<div class="people">
${media.map((one) => personHtml(one, words)).join('\n')}
</div>
<h2>${html(words.files)}</h2>
<ul>${listed.join('\n')}</ul>
<script>${script}</script>
</body>
</html>
`;
}
