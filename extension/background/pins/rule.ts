import { api } from '../../chrome.ts';

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
					urlFilter: `|${origin}/`,
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
