/** What is asked for when a tab is first captured: nothing of it is needed for anything else. */
export const permissions: chrome.runtime.ManifestOptionalPermission[] = ['scripting', 'tabCapture'];
