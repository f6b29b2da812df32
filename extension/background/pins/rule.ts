import { api } from '../../chrome.ts';
import { pinPermissions } from '../../shared/code.ts';

/**
 * All addresses of a site as the browser writes them, as a regular expression (RE2): a name or a password in front of
 * the host leads to the same site.
 */
export function addressesOf(origin: string): string {
	const { protocol, host } = new URL(origin);
	return `^${protocol}//([^/?#]*@)?${host.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}/`;
}

/**
 * The browser's own rule that gives every document of a site this policy, whatever headers the site sends. Scripts
 * are among the types because a worker that is a file has the policy of its own answer.
 */
export async function setRule(id: number, origin: string, csp: string): Promise<void> {
	const { HeaderOperation, ResourceType, RuleActionType } = api.declarativeNetRequest;
	const remove = ['content-security-policy-report-only', 'link', 'refresh', 'speculation-rules'];
	await api.declarativeNetRequest.updateDynamicRules({
		removeRuleIds: [id],
		addRules: [
			{
				id,
				priority: 10,
				action: {
					type: RuleActionType.MODIFY_HEADERS,
					responseHeaders: [
						{ header: 'content-security-policy', operation: HeaderOperation.SET, value: csp },
						{ header: 'x-content-type-options', operation: HeaderOperation.SET, value: 'nosniff' },
						...remove.map((header) => ({ header, operation: HeaderOperation.REMOVE })),
					],
				},
				condition: {
					regexFilter: addressesOf(origin),
					resourceTypes: [
						ResourceType.MAIN_FRAME,
						ResourceType.SUB_FRAME,
						ResourceType.SCRIPT,
						ResourceType.OBJECT,
						ResourceType.OTHER,
					],
				},
			},
		],
	});
}

/**
 * Whether the extension may pin: it sees what the sites answer, takes their service workers, and its rules reach them.
 * What was taken back is still there until the service worker starts anew: asked for, not looked for.
 */
export const mayPin = (): Promise<boolean> =>
	api.permissions.contains({
		permissions: [...pinPermissions],
		origins: api.runtime.getManifest().host_permissions ?? [],
	});

/** Whether the browser has this very rule. */
export async function hasRule(id: number, csp: string): Promise<boolean> {
	const rules = await api.declarativeNetRequest.getDynamicRules({ ruleIds: [id] });
	return rules.some(({ action }) => action.responseHeaders?.some(({ value }) => value === csp));
}

export const removeRule = (id: number): Promise<void> =>
	api.declarativeNetRequest.updateDynamicRules({ removeRuleIds: [id] });

/**
 * Takes the site's service workers and what they stored: one from before the rule would answer with pages of its
 * own, which no rule sees. The pages that are open are then loaded again by the caller.
 */
export const removeWorkers = (origin: string): Promise<void> =>
	api.browsingData.remove(
		{ origins: [origin] },
		{ serviceWorkers: true, cacheStorage: true, cache: true },
	);
