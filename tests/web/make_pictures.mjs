// SPDX-License-Identifier: GPL-3.0-or-later
// Takes the README's picture of a report from a real page: into image/screens/. Not a test; run it when the page changes:
//
//   MENDSTICK=build/dev/src/mendstick/mendstick tests/web/run.sh build/dev tests/web/make_pictures.mjs

import {writeFileSync} from 'node:fs';
import path from 'node:path';

import {HERE, launch, makeLogs, makePage, open, scratch} from './browser.mjs';

const made = scratch(), browser = await launch();
try {
  const logs = path.join(made.folder, 'logs'), hosts = path.join(made.folder, 'hosts.txt');
  makeLogs(logs, '--machines', '160', '--seed', '5');
  writeFileSync(hosts, Array.from({length: 172}, (_, i) => `${(i + 1) % 3 ? 'PC' : 'NB'}-${String(i + 1).padStart(5, '0')}\n`).join(''));
  const page = await open(browser, makePage(logs, path.join(made.folder, 'report.html'), ['--hosts', hosts]),
                          {viewport: {width: 1100, height: 1120}});
  await page.screenshot({path: path.join(HERE, '../../image/screens/report.png')});
} finally {
  await browser.close();
  made.remove();
}
