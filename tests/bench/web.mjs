// SPDX-License-Identifier: GPL-3.0-or-later
// web.mjs PAGE: how long the report's page takes to show, to filter, to sort and to open a machine, in the distribution's
// Chromium. Prints JSON: milliseconds, medians and the worst. A filter is measured from the key press to the next frame, by
// the clock, and by what it costs the page's thread, which a busy machine does not change.

import {launch, open} from '../web/browser.mjs';
import {pathToFileURL} from 'node:url';

async function processorTime(page) {
  const session = await page.context().newCDPSession(page), costs = [];
  await session.send('Performance.enable', {timeDomain: 'threadTicks'});
  const ticks = async () => (await session.send('Performance.getMetrics')).metrics.find((metric) => metric.name === 'ThreadTime').value;
  await page.evaluate(() => { location.hash = ''; });
  for (const text of ['p', 'pc', 'pc-00', 'pc-0012', 'locked latitude', 'c-00000291', 'no such machine', '']) {
    const before = await ticks();
    await page.evaluate(async (words) => {
      const search = document.getElementById('search');
      search.value = words;
      search.dispatchEvent(new Event('input'));
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    }, text);
    costs.push((await ticks() - before) * 1000);
  }
  costs.sort((a, b) => a - b);
  return {filter_cpu: costs[Math.floor(costs.length / 2)], filter_cpu_worst: costs[costs.length - 1]};
}

const browser = await launch();
try {
  const start = performance.now();
  const page = await open(browser, pathToFileURL(process.argv[2]).href);
  const shown = performance.now() - start;
  const figures = await page.evaluate(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const timed = async (work) => {
      await frame();
      const begin = performance.now();
      work();
      await frame();
      return performance.now() - begin;
    };
    const search = document.getElementById('search'), filters = [], sorts = [];
    const type = (text) => {
      search.value = text;
      search.dispatchEvent(new Event('input'));
    };
    for (const text of ['p', 'pc', 'pc-0', 'pc-00', 'pc-0012', 'locked', 'locked latitude', 'c-00000291', 'no such machine', '']) {
      filters.push(await timed(() => type(text)));
    }
    for (const state of ['fixed', 'needs someone', '']) {
      const box = document.getElementById('state');
      box.value = state;
      filters.push(await timed(() => box.dispatchEvent(new Event('change'))));
    }
    for (const button of document.querySelectorAll('#table th button')) sorts.push(await timed(() => button.click()));
    const opened = await timed(() => { location.hash = '#machine-5000'; });
    const middle = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
    return {machines: data.machines.length, filter: middle(filters), filter_worst: Math.max(...filters), sort: middle(sorts),
            sort_worst: Math.max(...sorts), details: opened};
  });
  console.log(JSON.stringify({shown, ...figures, ...await processorTime(page)}));
} finally {
  await browser.close();
}
