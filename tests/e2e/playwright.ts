export { chromium } from 'playwright-core';
export type { Browser, BrowserContext, Page } from 'playwright-core';
export { expect } from './expect.ts';
