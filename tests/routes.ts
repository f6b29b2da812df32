/** One route of the server. */
export interface Route {
	/** As in the rules. */
	name: string;
	method: string;
	path: string;
}

/** Every route that the server answers, read from fastify's own table (`printRoutes`). */
export function routesOf(tree: string): Route[] {
	const parents: string[] = [];
	return tree.split('\n').flatMap((line) => {
		const [, indent, part, methods] = /^([│ ]*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?/.exec(line) ?? [];
		if (indent === undefined || part === undefined) return [];
		const depth = indent.length / 4;
		parents.splice(depth, Infinity, part);
		const path = parents.join('');
		return (methods ?? '')
			.split(', ')
			.filter((method) => method !== '' && method !== 'HEAD' && method !== 'OPTIONS')
			.map((method) => ({ name: `${method} ${path}`, method, path }));
	});
}
