import { chromium, type Browser, type Page } from 'playwright-core';
import { requireProgram } from './programs.ts';

/** Playwright gives up after half a minute, which is what a page takes on a busy machine; milliseconds. */
const PATIENCE = 300_000;

/** A real browser without a window: Debian's chromium, or that of KPROMO_CHROMIUM. Throws MissingProgram without it. */
export function startBrowser(): Promise<Browser> {
  // Containers let root have no sandbox; the pages are our own.
  return chromium.launch({ executablePath: requireProgram('chromium'), args: ['--no-sandbox'], timeout: PATIENCE });
}

export type View = { readonly width: number; readonly height?: number; readonly scheme?: 'light' | 'dark' };

/** A page of a file, and all that went wrong on it: messages on the console, errors, and requests for anything else. */
export type OpenPage = { readonly page: Page; readonly complaints: readonly string[] };

/** Opens a file as somebody who double-clicks it; in the page that is open, since a process for each costs more than the test. */
export async function openFile(browser: Browser, url: string, view: View): Promise<OpenPage> {
  const { width, height = 900, scheme = 'light' } = view;
  const page = browser.contexts()[0]?.pages()[0] ?? (await browser.newPage());
  page.removeAllListeners();
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: scheme });
  page.setDefaultTimeout(PATIENCE);
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on(
    'request',
    (request) =>
      request.url() !== url && request.url() !== 'about:blank' && complaints.push(`asks for ${request.url()}`),
  );
  const broken = new Promise<never>((_, reject) => page.once('pageerror', reject));
  await page.goto('about:blank');
  await page.goto(url);
  // A script that does not run draws nothing to wait for.
  await Promise.race([page.waitForSelector('main'), broken]);
  return { page, complaints };
}
