// SPDX-License-Identifier: GPL-3.0-or-later
// The distribution's Chromium, driven by Playwright, and pages made by `mendstick report` for it. Settings come in the
// environment: WEB_FOLDER (where Playwright is installed, and where pictures go), MENDSTICK.

import {execFileSync, spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';

export const HERE = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(path.join(process.env.WEB_FOLDER, 'package.json'));
const {chromium} = require('playwright-core');
export const AXE = require.resolve('axe-core/axe.min.js');
export const PICTURES = path.join(process.env.WEB_FOLDER, 'pictures');

export function scratch() {
  const folder = mkdtempSync(path.join(tmpdir(), 'mend-web-'));
  return {folder, remove: () => rmSync(folder, {recursive: true, force: true})};
}

export function makeLogs(folder, ...options) {
  execFileSync('python3', ['-B', path.join(HERE, 'fleet.py'), folder, ...options]);
}

// The page's address. `status`: what `mendstick report` must end with.
export function makePage(logs, page, options = [], status = [0, 1]) {
  const done = spawnSync(process.env.MENDSTICK, ['report', logs, '-o', page, ...options],
                         {encoding: 'utf8', env: {...process.env, SOURCE_DATE_EPOCH: '1795600800'}});
  if (!status.includes(done.status)) throw new Error(`mendstick report ended with ${done.status}:\n${done.stderr}`);
  return pathToFileURL(page).href;
}

export async function launch() {
  return chromium.launch({executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--force-color-profile=srgb']});
}

// A page in which nothing may go wrong: no error, no dialog, nothing fetched but the page itself.
export async function open(browser, address, options = {}) {
  const context = await browser.newContext({viewport: {width: 1280, height: 900}, reducedMotion: 'reduce', ...options});
  const page = await context.newPage();
  page.trouble = [];
  page.on('pageerror', (error) => page.trouble.push(`error: ${error}`));
  page.on('console', (message) => message.type() === 'error' && page.trouble.push(`console: ${message.text()}`));
  page.on('dialog', (dialog) => {
    page.trouble.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('request', (request) => request.url().split('#')[0] !== address.split('#')[0] && page.trouble.push(`fetched: ${request.url()}`));
  await page.goto(address);
  return page;
}

export async function picture(page, name, options = {}) {
  mkdirSync(PICTURES, {recursive: true});
  const file = path.join(PICTURES, `${name}.png`);
  await page.screenshot({path: file, ...options});
  return file;
}
