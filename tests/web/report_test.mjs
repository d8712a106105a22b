// SPDX-License-Identifier: GPL-3.0-or-later
// The report's page in a real browser: what a person does with it, with a mouse, a keyboard, a screen reader, on paper.

import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readFileSync, statSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {after, before, describe, test} from 'node:test';

import {AXE, HERE, launch, makeLogs, makePage, open, picture, scratch} from './browser.mjs';

const MACHINES = 120;
let browser, made, address;

before(async () => {
  made = scratch();
  makeLogs(path.join(made.folder, 'logs'), '--machines', String(MACHINES), '--customers', 'Northwind Traders,Contoso');
  writeFileSync(path.join(made.folder, 'hosts.txt'), 'PC-00001\nNOBODY-1\nNOBODY-2\n');
  address = makePage(path.join(made.folder, 'logs'), path.join(made.folder, 'report.html'),
                     ['--hosts', `Northwind Traders=${made.folder}/hosts.txt`]);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  made?.remove();
});

async function withPage(work, options = {}, where = address) {
  const page = await open(browser, where, options);
  try {
    await work(page);
    assert.deepEqual(page.trouble, []);
  } finally {
    await page.context().close();
  }
}

const status = (page) => page.locator('#status').textContent();
const names = (page) => page.locator('#table tbody tr td:first-child bdi').allTextContents();

describe('the list', () => {
  test('counts the machines as the JSON document does', async () => {
    const file = path.join(made.folder, 'report.json');
    makePage(path.join(made.folder, 'logs'), path.join(made.folder, 'x.html'),
             ['--hosts', `Northwind Traders=${made.folder}/hosts.txt`, '--json', file]);
    const json = JSON.parse(readFileSync(file, 'utf8'));
    const counts = (state) => json.machines.filter((machine) => machine.state === state).length;
    await withPage(async (page) => {
      const tiles = await page.locator('.tile').allInnerTexts();
      const expected = ['fixed', 'not affected', 'needs someone', 'never seen'].map(counts);
      assert.equal(expected[3], 2);
      assert.equal(expected.reduce((a, b) => a + b), MACHINES + 2);
      assert.deepEqual(tiles.map((tile) => Number(tile.match(/\d+/)[0])), expected);
      assert.match(await status(page), new RegExp(`^${MACHINES + 2} machines`));
      await picture(page, 'list', {fullPage: true});
    });
  });

  test('is searched by any word on it, and by key IDs and files that are not', async () => {
    await withPage(async (page) => {
      await page.getByRole('searchbox').fill('pc-00001');
      assert.deepEqual(await names(page), ['PC-00001']);
      await page.getByRole('searchbox').fill('locked elitebook');
      const rows = await page.locator('#table tbody tr').allInnerTexts();
      assert.ok(rows.length > 0);
      for (const row of rows) assert.match(row, /locked[^]*EliteBook/);
      await page.getByRole('searchbox').fill('c-00000291-00000000');
      assert.match(await status(page), /^\d+ of 122 machines/);
      await page.getByRole('searchbox').fill('there is no such machine');
      assert.equal(await status(page), '0 of 122 machines');
      await page.getByRole('button', {name: 'Show all'}).click();
      assert.match(await status(page), /^122 machines/);
    });
  });

  test('is filtered by state, by customer and by reason', async () => {
    await withPage(async (page) => {
      const tile = page.getByRole('button', {name: /Never seen/});
      await tile.click();
      assert.equal(await tile.getAttribute('aria-pressed'), 'true');
      assert.deepEqual((await names(page)).sort(), ['NOBODY-1', 'NOBODY-2']);
      await tile.click();
      await page.getByRole('combobox', {name: 'Customer'}).selectOption('Contoso');
      assert.equal(await status(page), '60 of 122 machines; rows 1 to 50');
      await page.getByRole('combobox', {name: 'Customer'}).selectOption('*');
      const group = page.locator('.reason').first();
      const count = Number((await group.locator('h3').innerText()).match(/^\d+/)[0]);
      await group.getByRole('button').click();
      assert.equal((await names(page)).length, count);
      await page.getByRole('button', {name: 'All reasons'}).click();
      assert.match(await status(page), /^122 machines/);
    });
  });

  test('is sorted by its headings, which say so', async () => {
    await withPage(async (page) => {
      const heading = page.locator('#table').getByRole('columnheader', {name: 'Machine'});
      await heading.getByRole('button').click();
      assert.equal(await heading.getAttribute('aria-sort'), 'ascending');
      const up = await names(page);
      const collator = new Intl.Collator('en', {numeric: true, sensitivity: 'base'});
      assert.deepEqual(up, [...up].sort(collator.compare));
      await heading.getByRole('button').click();
      assert.equal(await heading.getAttribute('aria-sort'), 'descending');
      assert.equal((await names(page))[0], 'PC-00119');
      await page.locator('#table').getByRole('columnheader', {name: 'State'}).getByRole('button').click();
      assert.equal(await heading.getAttribute('aria-sort'), 'none');
    });
  });

  test('is turned page by page', async () => {
    await withPage(async (page) => {
      const first = await names(page);
      await page.getByRole('button', {name: 'Next', exact: true}).click();
      assert.match(await status(page), /rows 51 to 100/);
      assert.notDeepEqual(await names(page), first);
      await page.getByRole('button', {name: 'Last', exact: true}).click();
      assert.match(await status(page), /rows 101 to 122/);
      assert.ok(await page.getByRole('button', {name: 'Next', exact: true}).isDisabled());
      // The keyboard is still in the pages' buttons.
      assert.ok(await page.evaluate(() => document.getElementById('pages').contains(document.activeElement)));
    });
  });
});

describe('the page of a machine', () => {
  test('shows each file with its hash, old and new name', async () => {
    await withPage(async (page) => {
      await page.getByRole('searchbox').fill('PC-00001');
      await page.getByRole('link', {name: 'PC-00001'}).click();
      assert.ok(await page.locator('#overview').isHidden());
      const text = await page.locator('#details').innerText();
      for (const part of ['C-00000291-00000000-00000032.sys', 'Mendstick.quarantine\\', 'd8'.repeat(32), 'quarantine', 'channel-291',
                          'Windows 11 Pro', 'Serial number', 'recovery password', 'Closing SHA-256', 'W. Europe Standard Time']) {
        assert.ok(text.includes(part), `${part} is not in:\n${text}`);
      }
      await picture(page, 'details', {fullPage: true});
      await page.goBack();
      assert.ok(await page.locator('#overview').isVisible());
      assert.equal(await page.getByRole('searchbox').inputValue(), 'PC-00001');
    });
  });

  test('is reached and left with the keyboard alone', async () => {
    await withPage(async (page) => {
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the machines');
      await page.keyboard.press('Enter');
      const focused = () => page.evaluate(() => document.activeElement.outerHTML.slice(0, 200));
      for (let i = 0; i < 30 && !(await focused()).includes('#machine-'); ++i) await page.keyboard.press('Tab');
      const link = await page.evaluate(() => document.activeElement.getAttribute('href'));
      assert.match(link, /^#machine-\d+$/);
      await page.keyboard.press('Enter');
      await page.waitForFunction(() => document.activeElement.id === 'details-heading');
      await page.keyboard.press('Shift+Tab');
      await page.keyboard.press('Enter');  // back to all machines
      await page.waitForFunction((href) => document.activeElement.getAttribute('href') === href, link);
    });
  });

  test('opens by its address, and an address of no machine shows the list', async () => {
    await withPage(async (page) => assert.ok(await page.locator('#details h2').isVisible()), {}, `${address}#machine-3`);
    await withPage(async (page) => assert.ok(await page.locator('#overview').isVisible()), {}, `${address}#machine-99999`);
  });

  test('says between which times a run with a wrong clock was', async () => {
    await withPage(async (page) => {
      const index = await page.evaluate(() => data.machines.findIndex((m) => m.rows.some((visit) => visit[6] === 2)));
      assert.notEqual(index, -1);
      await page.goto(`${address}#machine-${index}`);
      const text = await page.locator('#details').innerText();
      assert.match(text, /between 2026-11-23 \d\d:\d\d and 2026-11-2\d \d\d:\d\d UTC; the PC’s clock showed 2019-/);
    });
  });
});

test('names that are made to break a page are shown as text', async () => {
  const folder = path.join(made.folder, 'hostile');
  const hostile = JSON.parse(execFileSync('python3', ['-B', path.join(HERE, 'hostile.py'), folder], {encoding: 'utf8'}));
  const where = makePage(folder, path.join(made.folder, 'hostile.html'), [], [0]);
  await withPage(async (page) => {
    assert.equal(await page.title(), `Recovery report: ${hostile.script}`);
    assert.deepEqual(await names(page), [hostile.script]);
    await page.locator('#table tbody a').click();
    const box = page.locator('#details');
    // As a person reads it: what does not show is there by its number.
    const shown = (text) => text.replace(/[\u0007\u200b\u202e\u2066]/g, (c) => `U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`);
    const cells = await box.locator('td:nth-child(2) bdi').allTextContents();
    assert.deepEqual(cells, Object.values(hostile).map((name) => `Windows\\${shown(name)}`));
    assert.equal(await box.locator('script, img').count(), 0);
    // What turns the text around stays inside its own box.
    assert.equal(await box.locator('td:nth-child(2) bdi').nth(5).evaluate((e) => getComputedStyle(e).unicodeBidi), 'isolate');
    // The long one can be scrolled with the keyboard, and makes nothing wider.
    const long = box.getByRole('region', {name: /^File, 32008 characters/});
    assert.equal(await long.getAttribute('tabindex'), '0');
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await picture(page, 'hostile', {fullPage: true});
  }, {}, where);
});

describe('a screen reader', () => {
  test('finds the table, its sorted heading, what is filtered, and what changes', async () => {
    await withPage(async (page) => {
      await page.locator('#table').getByRole('columnheader', {name: 'State'}).getByRole('button').click();
      const session = await page.context().newCDPSession(page);
      const {nodes} = await session.send('Accessibility.getFullAXTree');
      const seen = nodes.filter((node) => !node.ignored).map((node) => ({
        role: node.role?.value, name: node.name?.value ?? '',
        ...Object.fromEntries((node.properties ?? []).map((property) => [property.name, property.value.value]))}));
      const find = (role, name) => seen.find((node) => node.role === role && node.name.includes(name));
      assert.ok(find('table', 'Machines; the column headings are buttons that sort'));
      assert.ok(find('columnheader', 'State'));
      assert.ok(find('button', 'Fixed'));
      assert.ok(find('search', 'Machines'));
      assert.ok(find('searchbox', 'Search'));
      assert.ok(find('image', 'Machines by the time of their last visit') ?? find('img', 'Machines by the time'));
      assert.equal(find('status', '').live, 'polite');
      assert.ok(find('navigation', 'Pages of the table'));
      assert.deepEqual(seen.filter((node) => node.role === 'heading' && node.level <= 2).map((node) => node.name), [
        'Recovery report', 'Where it stands', 'What needs someone, and what to do', 'Machines', 'Time line',
        'Recovery keys to change', 'Sticks', 'Manifests and versions', 'Logs']);
    });
  });

  for (const colorScheme of ['light', 'dark']) {
    for (const where of ['', '#machine-3']) {
      test(`has nothing that axe-core objects to (${colorScheme}${where})`, async () => {
        await withPage(async (page) => {
          await page.evaluate(readFileSync(AXE, 'utf8'));
          const {violations} = await page.evaluate(() => axe.run(document, {resultTypes: ['violations']}));
          assert.deepEqual(violations.map((v) => [v.id, v.help, v.nodes.slice(0, 3).map((node) => node.html)]), []);
          await picture(page, `${colorScheme}${where.slice(0, 8)}`, {fullPage: true});
        }, {colorScheme}, address + where);
      });
    }
  }
});

test('on paper are all machines that the filters let through', async () => {
  await withPage(async (page) => {
    const file = path.join(made.folder, 'report.pdf');
    await page.getByRole('combobox', {name: 'Customer'}).selectOption('Contoso');
    await page.pdf({path: file, format: 'A4', preferCSSPageSize: true});
    const text = execFileSync('pdftotext', ['-layout', file, '-'], {encoding: 'utf8'});
    const machines = new Set(text.match(/\b(?:PC|NB)-\d{5}\b/g));
    assert.ok(machines.size >= 60, `${machines.size} machines on paper`);
    assert.match(text, /What to do: /);
    assert.equal(text.includes('Show these'), false);
    assert.equal((await names(page)).length, 50);  // the screen is as it was
    execFileSync('pdftoppm', ['-r', '60', '-png', file, path.join(process.env.WEB_FOLDER, 'pictures', 'paper')]);
    assert.ok(statSync(file).size > 20000);
  });
});

test('on a phone nothing is wider than the screen', async () => {
  for (const where of ['', '#machine-3']) {
    await withPage(async (page) => {
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
      await picture(page, `phone${where.slice(0, 8)}`, {fullPage: true});
    }, {viewport: {width: 390, height: 844}}, address + where);
  }
});
